"""One input as Flow Framework's grammar has it (flow-framework.md §2.1 and §2.4).

Flow Framework fills in `${{ param }}` and `${{ node.output }}` in a text at the top of an input,
one level below it, and everywhere in the inputs that it keeps as JSON text. Whatever else an
expression says is computed here. It must not know nodes' places in the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from flowplan.dataclass import dataclass, field
from flowplan.planner.absent import missing_params
from flowplan.planner.expressions import (
    Expression,
    ExpressionError,
    NameScope,
    UnknownName,
    contains,
    evaluate,
    find,
    scan,
    target,
)
from flowplan.planner.expressions.syntax import Ref
from flowplan.planner.template import ParamSpec
from flowplan.planner.values import (
    Json,
    Path,
    Sensitive,
    Unknown,
    Value,
    has_unknown,
    sensitive_paths,
)

__all__ = ["Said", "Unsayable", "Writer", "is_word"]

_AS_TEXT: Final = frozenset({"configurations", "interface", "llm"})
"""The inputs that Flow Framework keeps as JSON text, whatever is in them."""
_JSON_STRINGS: Final = frozenset({"model", "context_management"})
"""An agent's inputs that it only takes as JSON text."""
_FREE_LISTS: Final = frozenset({"processors", "tools_order"})
_WORD = re.compile(r"\w+", re.ASCII)


class Unsayable(Exception):
    """Something that Flow Framework's grammar has no way to say, at `path` in the input."""

    def __init__(self, why: str, path: Path, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.path = path
        self.hint = hint


@dataclass(slots=True)
class Said:
    """What came of one input: its value, the nodes that it names, and what changed on the way."""

    value: Json
    uses: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    whole: tuple[str, str] | None = None
    """The node and output, if the value is nothing but one."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes inputs. `outputs` has what each node gives; `names` what the nodes are called.

    `stand_ins` gathers the params that are made for secrets inside others.
    """

    params: Mapping[str, Value]
    specs: Mapping[str, ParamSpec]
    outputs: Mapping[str, Collection[str]]
    names: Mapping[str, str]
    stand_ins: dict[str, str] = field(default_factory=dict)

    def input(self, name: str, value: Json) -> Said:
        """The input `name`. Raises `Unsayable`."""
        said = Said(None)
        written = self._walk(value, (name,), said)
        said.value = _shaped(name, written, said)
        return said

    def _walk(self, value: Json, path: Path, said: Said) -> Json:
        if isinstance(value, str):
            return self._text(value, path, said) if contains(value) else value
        if isinstance(value, Mapping):
            return {key: self._walk(item, (*path, key), said) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._walk(item, (*path, n), said) for n, item in enumerate(value)]
        return value

    def _text(self, text: str, path: Path, said: Said) -> Json:
        parts = scan(text)
        written = [
            part if isinstance(part, str) else self._expression(part, path, said) for part in parts
        ]
        first = parts[0]
        if isinstance(first, Expression) and first.whole:
            node = self._node(first.node)
            said.whole = node if node is not None and len(path) == 1 else None
            return written[0]
        return "".join(
            item if isinstance(item, str) else json.dumps(item, separators=(",", ":"))
            for item in written
        )

    def _expression(self, part: Expression, path: Path, said: Said) -> Json:
        """What stands for an expression: itself, where Flow Framework fills it in, or its value."""
        node = self._node(part.node)
        if node is not None:
            if not _is_filled_in(path):
                raise Unsayable(f"it does not fill in {'.'.join(node)} there", path, _TOP)
            said.uses[node[0]] = node[1]
            return f"${{{{ {self.names[node[0]]}.{node[1]} }}}}"
        if _is_filled_in(path) and isinstance(part.node, Ref):
            if self._is_text_param(part.node):
                return f"${{{{ {'.'.join(part.node.path)} }}}}"
            if self._is_secret_member(part.node):
                return f"${{{{ {self._stand_in(part)} }}}}"
        return self._computed(part, path)

    def _stand_in(self, part: Expression) -> str:
        """A param of its own for a secret inside another, since none can be looked into there."""
        if part.source not in self.stand_ins:
            name = re.sub(r"\W+", "_", part.source, flags=re.ASCII).strip("_")
            while name in self.specs or name in self.stand_ins.values():
                name += "_"
            self.stand_ins[part.source] = name
        return self.stand_ins[part.source]

    def _computed(self, part: Expression, path: Path) -> Json:
        for name in part.references:
            hit = target(name, self.outputs)
            if hit is not None and hit[1][0] in self.outputs[hit[0]]:
                raise Unsayable(
                    f"it can't compute with {'.'.join(name)}, which is not known before", path,
                    "use the output as it is",
                )  # fmt: skip
        written = f"${{{{ {part.source} }}}}"
        try:
            value = evaluate(written, NameScope(self.params))
        except ExpressionError as error:
            raise Unsayable(error.message, path, error.hint) from None
        if has_unknown(value):
            open_ = next(missing_params(written, self.params))
            raise Unsayable(
                f"what it is has to be written out, and the param {open_} has no value", path,
                f"give it with -p {open_}=VALUE",
            )  # fmt: skip
        if sensitive_paths(value):
            raise Unsayable(
                "a secret would have to be written out: it only fills in a param that stands "
                "there as it is, in a text, and not inside a list", path, _TOP,
            )  # fmt: skip
        if any(contains(item) for item in _texts(value)):
            raise Unsayable("it has no way to write ${{ as it is", path)
        return value

    def _node(self, node: object) -> tuple[str, str] | None:
        """The node and output, if an expression is just that."""
        hit = target(node.path, self.outputs) if isinstance(node, Ref) else None
        if hit is None or len(hit[1]) != 1 or hit[1][0] not in self.outputs[hit[0]]:
            return None
        return hit[0], hit[1][0]

    def _is_text_param(self, node: Ref) -> bool:
        """Whether this names a whole param that is a text, as all are in Flow Framework."""
        spec = self.specs.get(".".join(node.path))
        return spec is not None and spec.type == "string"

    def _is_secret_member(self, node: Ref) -> bool:
        """Whether this names a secret inside a param: a text, or what is not given."""
        try:
            value = find(node.path, {}, self.params)
        except UnknownName:
            return False
        if isinstance(value, Unknown):
            return value.sensitive
        return isinstance(value, Sensitive) and isinstance(value.value, str)


_TOP = "put it at the top of an input, or one level below"


def _is_filled_in(path: Path) -> bool:
    """Whether Flow Framework fills in what stands at this place of the inputs."""
    return len(path) <= 2 or path[0] in _AS_TEXT | _JSON_STRINGS  # noqa: PLR2004 - two levels


def _texts(value: Json) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, (Mapping, list)):
        return []
    return [text for item in items for text in _texts(item)]


def _shaped(name: str, value: Json, said: Said) -> Json:
    """The value in the shape that Flow Framework's parser takes. Raises `Unsayable`."""
    if name == "version" and isinstance(value, (int, float)):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return _object(name, value, said)
    if isinstance(value, list) and name not in _FREE_LISTS:
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise Unsayable(
                    "a list holds objects there, and nothing else", (name, index),
                    "leave the input out, or apply the template with flowplan",
                )  # fmt: skip
            said.notes += [
                f"{name}[{index}].{key} is a list, of which it makes a text"
                for key, part in item.items()
                if isinstance(part, list)
            ]
    return value


def _object(name: str, value: Mapping[str, Json], said: Said) -> Json:
    if name in _JSON_STRINGS:
        return json.dumps(value, ensure_ascii=False)
    if name in _AS_TEXT or name == "guardrails":
        return value
    made: dict[str, Json] = {}
    for key, item in value.items():
        if not isinstance(item, (Mapping, list)):
            made[key] = item
        elif name == "parameters":
            made[key] = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
            said.notes.append(f"parameters.{key} is written as JSON text")
        else:
            raise Unsayable(
                "an object holds texts and numbers there, and neither objects nor lists",
                (name, key), "leave it out, or apply the template with flowplan",
            )  # fmt: skip
    return made


def is_word(name: str) -> bool:
    """Whether an expression of Flow Framework can name a node so."""
    return _WORD.fullmatch(name) is not None
