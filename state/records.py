"""Records to JSON and back: the one form that the state document and the journal share.

The dataclasses of `state.model` are the schema: a value of the wrong type, a field that is
missing or one that nobody knows is refused with its path, since a field that is dropped in
silence would be lost with the next write. This module must not know files, format versions
or what a record means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from operator import attrgetter
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
Reader: TypeAlias = Callable[[Json], Any]


class Malformed(ValueError):
    """A value that is not what its place wants. `path` is dotted, as `resources[2].status`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem

    def below(self, place: str) -> Malformed:
        """The same with `place`, a name or an index, before its path."""
        between = "." if place and self.path and not self.path.startswith("[") else ""
        return Malformed(f"{place}{between}{self.path}", self.problem)


def to_json(record: Any) -> dict[str, Json]:
    """Every field of a dataclass of `state.model`, nested ones included."""
    cls: Any = type(record)
    names, values, nested = _writer(cls)
    found = dict(zip(names, values(record), strict=False))
    for name in nested:
        found[name] = _plain(found[name])
    return found


def from_json(cls: type[T], value: Json, path: str = "") -> T:
    """The dataclass `cls` that `to_json` made `value` of. Raises `Malformed`."""
    schema: Any = cls
    try:
        made: T = _read(schema, value)
    except Malformed as problem:
        # Put together only now: nearly all records are right.
        raise problem.below(path) from None
    return made


def _read(cls: Any, value: Json) -> Any:
    if not isinstance(value, dict):
        raise Malformed("", f"an object was expected, this is {_kind(value)}")
    readers, required = _readers(cls)
    for name in sorted(value.keys() - readers.keys()):
        raise Malformed(name, "this field is not known")
    for name in required:
        if name not in value:
            raise Malformed(name, "this field is missing")
    name, wanted = "", {}
    try:
        for name, item in value.items():
            wanted[name] = readers[name](item)
    except Malformed as problem:
        raise problem.below(name) from None
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
def _writer(cls: Any) -> tuple[tuple[str, ...], Callable[[Any], Iterable[Any]], tuple[str, ...]]:
    """The names of a dataclass, what gives their values, and the names of those that nest."""
    hints = get_type_hints(cls)
    names = tuple(hints)
    # The first once more: with one name alone it would not give a tuple.
    values = attrgetter(*names, names[0])
    nested = tuple(name for name in names if _nests(hints[name]))
    return names, values, nested


def _nests(hint: Any) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return any(_nests(item) for item in get_args(hint))
    return get_origin(hint) is tuple or is_dataclass(hint)


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return to_json(value) if is_dataclass(value) else value


@cache
def _readers(cls: Any) -> tuple[Mapping[str, Reader], tuple[str, ...]]:
    """The check of each field, and the fields that have to be there."""
    hints = get_type_hints(cls)
    required = (
        item.name
        for item in fields(cls)
        if item.default is MISSING and item.default_factory is MISSING
    )
    return {name: _reader(hint) for name, hint in hints.items()}, tuple(required)


def _reader(hint: Any) -> Reader:
    """The check that belongs to a type annotation of the model."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if origin in {Union, UnionType}:
        return _optional(*(_reader(item) for item in arguments if item is not NoneType))
    if origin is Literal:
        return _one_of(arguments)
    if origin is tuple:
        return _many(_reader(arguments[0]))
    if is_dataclass(hint):
        return lambda value: _read(hint, value)
    return _scalar(dict if origin is not None else hint)


def _optional(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


def _one_of(words: tuple[str, ...]) -> Reader:
    def read(value: Json) -> str:
        if not isinstance(value, str) or value not in words:
            raise Malformed("", f"one of {', '.join(words)} was expected")
        return value

    return read


def _many(read: Reader) -> Reader:
    def read_all(value: Json) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Malformed("", f"an array was expected, this is {_kind(value)}")
        found: list[Any] = []
        try:
            for item in value:
                found.append(read(item))  # noqa: PERF401 its length is the place of what is wrong
        except Malformed as problem:
            raise problem.below(f"[{len(found)}]") from None
        return tuple(found)

    return read_all


def _scalar(wanted: type) -> Reader:
    """A check of one JSON type; a float field takes integers, and no number is a boolean."""
    # `json` makes exactly these types: no subclass, so a boolean is no integer.
    accepted = {float, int} if wanted is float else {wanted}

    def read(value: Json) -> Json:
        if type(value) not in accepted:
            raise Malformed("", f"{_KINDS[wanted]} was expected, this is {_kind(value)}")
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
