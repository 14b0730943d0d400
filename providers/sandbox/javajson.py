"""JSON as a Java server reads and prints it.

For values that ML Commons turns into strings (NORMALISATION 1: `1e21` comes back as `"1.0E21"`) and
for the texts of parse errors (transcripts 05 and 09). Must not know which field it is looking at.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from flowplan.providers.javamap import map_order

__all__ = ["JsonError", "compact", "double", "parse", "string", "token"]

_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
_TOKEN = re.compile(r"[\w$]+")
# Double.toString: plain digits from 10^-3 up to 10^7, scientific notation outside.
_PLAIN_FROM = 1e-3
_PLAIN_TO = 1e7


class JsonError(ValueError):
    """The body is not JSON; the text is Jackson's."""


def _located(text: str, pos: int, message: str) -> JsonError:
    line = text.count("\n", 0, pos) + 1
    column = pos - (text.rfind("\n", 0, pos) + 1) + 1
    return JsonError(f"{message}\n at {_SOURCE}; line: {line}, column: {column}]")


def _explain(text: str, error: json.JSONDecodeError) -> JsonError:
    if error.pos >= len(text):
        return _located(text, error.pos, "Unexpected end-of-input")
    found = text[error.pos]
    word = _TOKEN.match(text, error.pos)
    if error.msg == "Expecting value" and word:
        expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        message = f"Unrecognized token '{word.group()}': was expecting {expected}"
    else:
        wanted = "a valid value"
        if error.msg.startswith("Expecting property name"):
            wanted = "double-quote to start field name"
        elif "delimiter" in error.msg:
            wanted = "comma to separate entries"
        message = f"Unexpected character ('{found}' (code {ord(found)})): was expecting {wanted}"
    return _located(text, error.pos, message)


def _no_constant(name: str) -> Any:
    raise JsonError(f"Non-standard token '{name}': enable `ALLOW_NON_NUMERIC_NUMBERS` to allow")


def parse(body: bytes) -> Any:
    """Read a body; raises `JsonError` with the server's words (transcript 05, call 18)."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError(f"Invalid UTF-8 start byte 0x{body[error.start]:02x}") from None
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _explain(text, error) from None
    except RecursionError:
        raise JsonError("Document nesting depth (1001) exceeds the maximum allowed") from None
    except ValueError as error:  # an integer beyond Python's digit limit
        raise JsonError(str(error)) from None


def double(value: float) -> str:
    """`Double.toString`: `0.5`, `1.0`, `1.0E21` (NORMALISATION 1)."""
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else plain + ".0"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def compact(value: Any) -> str:
    """One line of JSON without spaces, other alphabets kept as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def string(value: Any) -> str:
    """A leaf as ML Commons stores it: a string stays, all else becomes its JSON text."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return double(value)
    return _gson(value)


def _gson(value: Any) -> str:
    """An object or array as Gson prints it from Java's maps: their order, Java's numbers."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_gson(key)}:{_gson(value[key])}" for key in map_order(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_gson, value)) + "]"
    if isinstance(value, float):
        return double(value)
    return compact(value).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def token(value: Any) -> str:
    """The parser's name of a value's first token, as error texts give it."""
    if isinstance(value, dict):
        return "START_OBJECT"
    if isinstance(value, list):
        return "START_ARRAY"
    if value is None:
        return "VALUE_NULL"
    if isinstance(value, bool):
        return "VALUE_BOOLEAN"
    return "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER"
