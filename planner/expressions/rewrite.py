"""Puts other text in the place of names in expressions, and writes values as expressions.

How `each.key` becomes the key, before anything is evaluated: the result is a template like any
other. Only whole names are replaced, never a part of a text or of another name. This module must
not know what is replaced, or why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from flowplan import lazy_json as json
from flowplan.dataclass import dataclass
from flowplan.planner.expressions.errors import ExpressionError
from flowplan.planner.expressions.scan import OPENING, Expression, contains, scan
from flowplan.planner.expressions.syntax import Ref
from flowplan.planner.expressions.tokens import Token, tokenize
from flowplan.planner.values import Json

__all__ = ["Rename", "as_expression", "literal", "members_of", "renamed"]

Rename: TypeAlias = Callable[[tuple[str, ...]], tuple[int, str] | None]
"""From the parts of a name to how many of them are replaced by which text; None leaves it."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name with its constant members, and where each of these parts ends in the string."""

    path: tuple[str, ...]
    start: int
    ends: tuple[int, ...]


def renamed(text: str, rename: Rename) -> str:
    """`text` with names in its expressions replaced. One that can't be read is left as it is."""
    pieces: list[str] = []
    done = 0
    at = text.find(OPENING)
    while at >= 0:
        try:
            tokens, end = tokenize(text, at + len(OPENING))
        except ExpressionError:
            break
        for name in _names(tokens):
            new = rename(name.path)
            if new is not None:
                count, replacement = new
                pieces += text[done : name.start], replacement
                done = name.ends[count - 1]
        at = text.find(OPENING, end)
    return "".join((*pieces, text[done:]))


def _names(tokens: Sequence[Token]) -> Iterator[_Name]:
    at = 0
    while at < len(tokens):
        name = _name(tokens, at) if _begins(tokens, at) else None
        if name is not None:
            yield name[0]
        at = name[1] if name is not None else at + 1


def _begins(tokens: Sequence[Token], at: int) -> bool:
    """Whether a name of a value begins here: no member, filter, test or named argument."""
    if tokens[at].kind != "name":
        return False
    before = tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return before not in (".", "|", "is") and after != "="


def _name(tokens: Sequence[Token], at: int) -> tuple[_Name, int]:
    path, ends = [tokens[at].text], [_end(tokens[at])]
    start = tokens[at].offset
    at += 1
    while at + 1 < len(tokens):
        sign, part = tokens[at], tokens[at + 1]
        if sign.text == "." and part.kind == "name":
            path.append(part.text)
            ends.append(_end(part))
            at += 2
        elif _is_member(tokens[at : at + 3]):
            path.append(str(part.value))
            ends.append(_end(tokens[at + 2]))
            at += 3
        else:
            break
    return _Name(tuple(path), start, tuple(ends)), at


def _is_member(tokens: Sequence[Token]) -> bool:
    """Whether these are `["…"]`."""
    return (
        len(tokens) == 3  # noqa: PLR2004 - the brackets and what is in them
        and tokens[0].text == "["
        and tokens[1].kind == "literal"
        and isinstance(tokens[1].value, str)
        and tokens[2].text == "]"
    )


def _end(token: Token) -> int:
    return token.offset + len(token.text)


def members_of(path: Sequence[str]) -> str:
    """The members of a name as they are written after it: `["eu"]["name"]`."""
    return "".join(f"[{json.dumps(key, ensure_ascii=False)}]" for key in path)


def literal(value: Json) -> Json:
    """`value` such that evaluating it gives just that, whatever its texts look like."""
    if isinstance(value, str) and contains(value):
        return f"{OPENING} {json.dumps(value, ensure_ascii=False)} }}}}"
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, (list, tuple)) else value


def as_expression(value: Json) -> str:
    """The expression, without its braces, that gives what evaluating `value` gives."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        pairs = (
            f"{json.dumps(key, ensure_ascii=False)}: {as_expression(item)}"
            for key, item in value.items()
        )
        return f"({{{', '.join(pairs)}}})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(as_expression, value))}]"
    if value is None:
        return "none"
    text = json.dumps(value)
    return f"({text})" if text.startswith("-") else text


def _text(text: str) -> str:
    if not contains(text):
        return json.dumps(text, ensure_ascii=False)
    parts = [
        _source(part) if isinstance(part, Expression) else json.dumps(part, ensure_ascii=False)
        for part in scan(text)
    ]
    return parts[0] if len(parts) == 1 else f"({' ~ '.join(parts)})"


def _source(part: Expression) -> str:
    """The expression such that members may follow; a name as it is, for it is read fastest."""
    return part.source if isinstance(part.node, Ref) else f"({part.source})"
