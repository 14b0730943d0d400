"""Records to JSON and back: the one form that the state document and the journal share.

The dataclasses of `state.model` are the schema: a value of the wrong type, a field that is
missing or one that nobody knows is refused with its path, since a field that is dropped in
silence would be lost with the next write. This module must not know files, format versions
or what a record means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = [
    "Malformed",
    "from_json",
    "intent_from_json",
    "intent_to_json",
    "record_from_json",
    "record_to_json",
    "to_json",
]

Json: TypeAlias = Any
T = TypeVar("T")
Reader: TypeAlias = Callable[[Json, str], Any]


class Malformed(ValueError):
    """A value that is not what its place wants. `path` is dotted, as `resources[2].status`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def to_json(record: Any) -> dict[str, Json]:
    """Every field of a dataclass of `state.model`, nested ones included."""
    cls: Any = type(record)
    return {name: _plain(getattr(record, name)) for name in _names(cls)}


def from_json(cls: type[T], value: Json, path: str = "") -> T:
    """The dataclass `cls` that `to_json` made `value` of. Raises `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed(path, f"an object was expected, this is {_kind(value)}")
    schema: Any = cls
    readers = _readers(schema)
    unknown = value.keys() - readers.keys()
    if unknown:
        raise Malformed(_below(path, min(unknown)), "this field is not known")
    wanted: dict[str, Any] = {}
    for name, (read, required) in readers.items():
        if name in value:
            wanted[name] = read(value[name], _below(path, name))
        elif required:
            raise Malformed(_below(path, name), "this field is missing")
    return cls(**wanted)


def record_to_json(record: ResourceRecord) -> dict[str, Json]:
    """One node's record as JSON."""
    return to_json(record)


def record_from_json(value: Json, path: str = "") -> ResourceRecord:
    """One node's record. Raises `Malformed`."""
    return from_json(ResourceRecord, value, path)


def intent_to_json(intent: IntentRecord) -> dict[str, Json]:
    """An intent as JSON."""
    return to_json(intent)


def intent_from_json(value: Json, path: str = "") -> IntentRecord:
    """An intent. Raises `Malformed`."""
    return from_json(IntentRecord, value, path)


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return to_json(value) if is_dataclass(value) else value


@cache
def _readers(cls: Any) -> Mapping[str, tuple[Reader, bool]]:
    hints = get_type_hints(cls)
    return {
        item.name: (
            _reader(hints[item.name]),
            item.default is MISSING and item.default_factory is MISSING,
        )
        for item in fields(cls)
    }


def _reader(hint: Any) -> Reader:
    """The check that belongs to a type annotation of the model."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value, _: value
    if origin in {Union, UnionType}:
        return _optional(*(_reader(item) for item in arguments if item is not NoneType))
    if origin is Literal:
        return _one_of(arguments)
    if origin is tuple:
        return _many(_reader(arguments[0]))
    if is_dataclass(hint):
        nested: Any = hint
        return lambda value, path: from_json(nested, value, path)
    return _scalar(dict if origin is not None else hint)


def _optional(read: Reader) -> Reader:
    return lambda value, path: None if value is None else read(value, path)


def _one_of(words: tuple[str, ...]) -> Reader:
    def read(value: Json, path: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise Malformed(path, f"one of {', '.join(words)} was expected")
        return value

    return read


def _many(read: Reader) -> Reader:
    def read_all(value: Json, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Malformed(path, f"an array was expected, this is {_kind(value)}")
        return tuple(read(item, f"{path}[{index}]") for index, item in enumerate(value))

    return read_all


def _scalar(wanted: type) -> Reader:
    """A check of one JSON type; a float field takes integers, and no number is a boolean."""
    accepted = (int, float) if wanted is float else (wanted,)

    def read(value: Json, path: str) -> Json:
        if not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool):
            raise Malformed(path, f"{_KINDS[wanted]} was expected, this is {_kind(value)}")
        return value

    return read


_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    dict: "an object",
    list: "an array",
    NoneType: "null",
}


def _kind(value: Json) -> str:
    return _KINDS[type(value)]


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
