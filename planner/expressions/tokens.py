"""Cuts an expression into tokens and finds the `}}` that ends it.

String literals and nested brackets are respected. A `-` between word characters belongs to
the name, as in node ids (`my-node.model_id`); subtraction needs a space. This module must not
know what the tokens mean together.
"""

from __future__ import annotations

import math
import re
from typing import Literal

from flowplan.dataclass import dataclass
from flowplan.pattern import pattern
from flowplan.planner.expressions.errors import NOT_ALLOWED, TOO_LARGE, ExpressionError
from flowplan.planner.values import Json

__all__ = ["KEYWORDS", "NAME", "SEGMENT", "Token", "tokenize"]

Kind = Literal["name", "keyword", "literal", "operator"]

NAME = r"[^\W\d]\w*(?:-+\w+)*"
SEGMENT = r"\w+(?:-+\w+)*"
KEYWORDS = frozenset(
    ("and", "else", "if", "in", "is", "not", "or", "true", "True", "false", "False", "none", "None")
)
MAX_LENGTH = 65_536
MAX_TOKENS = 1_000
MAX_BRACKETS = 20
MAX_DIGITS = 100

_TOKEN = pattern(
    rf"""(?P<space>\s+)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<name>{NAME})
    | (?P<operator>//|==|!=|<=|>=|\*\*|[-+/%~<>()\[\]{{}},:.|=*])""",
    re.VERBOSE | re.DOTALL,
)
_SEGMENT = pattern(SEGMENT)
_ESCAPE = pattern(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_PLAIN_ESCAPES = {
    "\\": "\\", "'": "'", '"': '"', "/": "/",
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f",
}  # fmt: skip
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is what a literal stands for."""

    kind: Kind
    text: str
    offset: int
    value: Json = None


def tokenize(text: str, start: int) -> tuple[tuple[Token, ...], int]:
    """The tokens from `start` (just after `${{`) on, and the offset just after the closing `}}`.

    Offsets count from the start of `text`. Raises `ExpressionError`.
    """
    tokens: list[Token] = []
    brackets: list[Token] = []
    at = start
    while at < len(text):
        if text.startswith("}}", at) and not (brackets and brackets[-1].text == "{"):
            _refuse_open(brackets)
            _refuse_trim(text, at)
            return tuple(tokens), at + 2
        token, at = _next(text, at, tokens[-1] if tokens else None)
        if token is not None:
            tokens.append(token)
            _balance(token, brackets)
        if len(tokens) > MAX_TOKENS or at - start > MAX_LENGTH:
            raise ExpressionError(
                f"the expression is longer than {MAX_TOKENS} tokens or {MAX_LENGTH} characters",
                start - 3, "Compute the value outside and hand it in as a param.", code=TOO_LARGE,
            )  # fmt: skip
    raise ExpressionError(
        '"${{" begins an expression and its "}}" is missing',
        start - 3,
        'Close it, or write ${{ "${{" }} for the three characters themselves.',
    )


def _next(text: str, at: int, before: Token | None) -> tuple[Token | None, int]:
    """The token at `at`, or None for white space, and where it ends."""
    if before is not None and before.text == "." and before.offset == at - 1:
        segment = _SEGMENT.match(text, at)
        if segment is not None:
            return Token("name", segment[0], at), segment.end()
    found = _TOKEN.match(text, at)
    if found is None:
        if text[at] in "'\"":
            raise ExpressionError(f"this string has no closing {text[at]}", at)
        raise ExpressionError(f"{text[at]!r} means nothing in an expression", at)
    kind, piece = found.lastgroup, found[0]
    if kind == "space":
        return None, found.end()
    if kind == "operator":
        return _operator(piece, at), found.end()
    if kind == "name":
        return Token("keyword" if piece in KEYWORDS else "name", piece, at), found.end()
    if before is not None and before.kind == "literal":
        raise ExpressionError("two literals side by side", at, 'Join strings with "~".')
    value = _string(piece, at) if kind == "string" else _number(piece, text, found.end(), at)
    return Token("literal", piece, at, value), found.end()


def _operator(piece: str, at: int) -> Token:
    if piece in ("*", "**"):
        raise ExpressionError(
            f'"{piece}" is not allowed in an expression', at,
            "It can make a value of any size from a few characters.", code=NOT_ALLOWED,
        )  # fmt: skip
    return Token("operator", piece, at)


def _balance(token: Token, brackets: list[Token]) -> None:
    if token.kind != "operator":
        return
    if token.text in _PAIRS.values():
        brackets.append(token)
        if len(brackets) > MAX_BRACKETS:
            raise ExpressionError(
                f"brackets are nested deeper than {MAX_BRACKETS}", token.offset, code=TOO_LARGE
            )
    elif token.text in _PAIRS:
        if not brackets or brackets[-1].text != _PAIRS[token.text]:
            raise ExpressionError(f'"{token.text}" closes nothing', token.offset)
        brackets.pop()


def _refuse_open(brackets: list[Token]) -> None:
    if brackets:
        raise ExpressionError(f'"{brackets[-1].text}" is never closed', brackets[-1].offset)


def _refuse_trim(text: str, at: int) -> None:
    if text[at - 1] == "-":
        raise ExpressionError(
            '"-}}" is not supported: white space is never removed', at - 1, 'Write "}}".'
        )


def _string(piece: str, at: int) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1]
        if code in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[code]
        if len(code) > 1:
            number = int(code[1:], 16)
            if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004
                return chr(number)
        raise ExpressionError(
            f'"\\{code}" is not an escape in a string', at + 1 + found.start(),
            'A backslash is written "\\\\".',
        )  # fmt: skip

    return _ESCAPE.sub(one, piece[1:-1])


def _number(piece: str, text: str, end: int, at: int) -> int | float:
    follower = text[end : end + 1]
    if len(piece) > MAX_DIGITS:
        raise ExpressionError(f"a number has at most {MAX_DIGITS} digits", at, code=TOO_LARGE)
    if follower.isalnum() or follower == "_":
        raise ExpressionError("this is not a number", at, "Quote it if it is meant as text.")
    if len(piece) > 1 and piece[0] == "0" and piece[1].isdigit():
        raise ExpressionError("a number does not begin with 0", at, "Quote it if it is text.")
    if piece.isdigit():
        return int(piece)
    value = float(piece)
    if not math.isfinite(value):
        raise ExpressionError("this number is too large", at, code=TOO_LARGE)
    return value
