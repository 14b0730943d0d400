"""What a name in an expression means: the one place that knows the precedence.

`a.b` is output `b` of node `a`, else a param literally named `a.b` (Flow Framework's use-case
templates have those), else a member of a param `a`, else an error. Node ids may have dots and
may be instances of a `for_each` (`group["eu"]`). This module must not know templates or state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from flowplan.dataclass import dataclass, field
from flowplan.errors import nearest
from flowplan.planner.expressions.errors import UnknownName
from flowplan.planner.expressions.text import kind
from flowplan.planner.values import Sensitive, Unknown, Value

__all__ = ["NameScope", "derived", "find", "member", "target"]


@dataclass(frozen=True, slots=True)
class NameScope:
    """A scope of params by name and outputs by node; values may be `Unknown` or `Sensitive`."""

    params: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)

    def lookup(self, path: tuple[str, ...]) -> Value:
        """What `path` means here. Raises `UnknownName`."""
        return find(path, self.outputs, self.params)


def find(
    path: tuple[str, ...],
    outputs: Mapping[str, Mapping[str, Value]],
    params: Mapping[str, Value],
) -> Value:
    """The value of `path`, members included. Raises `UnknownName` with a message and a hint."""
    owner: str | None = None
    for node, rest in _splits(path):
        if node in outputs:
            owner = owner or node
            if rest[0] in outputs[node]:
                return _descend(outputs[node][rest[0]], rest[1:])
    name = ".".join(path)
    if name in params:
        return params[name]
    if owner is None:
        for length in range(len(path) - 1, 0, -1):
            prefix = ".".join(path[:length])
            if prefix in params:
                return _descend(params[prefix], path[length:])
    raise _unknown(path, owner, outputs, params)


def target(path: tuple[str, ...], nodes: Collection[str]) -> tuple[str, tuple[str, ...]] | None:
    """The node that `path` may name an output of, and the rest; None when it can only be a param.

    The rest begins with the output's name and is never empty.
    """
    return next(((node, rest) for node, rest in _splits(path) if node in nodes), None)


def _splits(path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each way to read `path` as a node and what follows, the longest node first."""
    for length in range(len(path) - 1, 0, -1):
        rest = path[length:]
        yield ".".join(path[:length]), rest
        if length > 1:
            yield f'{".".join(path[: length - 1])}["{path[length - 1]}"]', rest


def derived(origin: Unknown, *, sensitive: bool = False) -> Unknown:
    """What is computed from `origin`: not known either, and no output of its node."""
    return Unknown(origin.node, "", sensitive=origin.sensitive or sensitive)


def member(owner: Value, key: str | int) -> Value:
    """`owner[key]`, as unknown and as sensitive as `owner`. Raises `UnknownName`."""
    if isinstance(owner, Unknown):
        return derived(owner)
    if isinstance(owner, Sensitive):
        try:
            return Sensitive(member(owner.value, key))
        except UnknownName:
            message = "this sensitive value has no such member"
            raise UnknownName(str(key), message, sensitive=True) from None
    if isinstance(owner, Mapping) and isinstance(key, str):
        if key in owner:
            return owner[key]
        raise UnknownName(key, f'there is no member "{key}"', _like(key, owner))
    if isinstance(owner, (list, tuple, str)):
        return _item(owner, key)
    raise UnknownName(str(key), f"{kind(owner)} has no member {key!r}")


def _item(owner: list[Value] | tuple[Value, ...] | str, key: str | int) -> Value:
    index = int(key) if isinstance(key, str) and key.isdecimal() and len(key) < 10 else key  # noqa: PLR2004
    if not isinstance(index, int):
        raise UnknownName(str(key), f"{kind(owner)} has no members by name")
    if not -len(owner) <= index < len(owner):
        raise UnknownName(str(key), f"{kind(owner)} of {len(owner)} has no place {index}")
    return owner[index]


def _descend(value: Value, rest: tuple[str, ...]) -> Value:
    for key in rest:
        value = member(value, key)
    return value


def _like(name: str, known: Collection[str]) -> str:
    alike = nearest(name, tuple(known))
    return f'Did you mean "{alike}"?' if alike else ""


def _minus(name: str, known: Collection[str]) -> str:
    left, minus, right = name.partition("-")
    return f'To subtract, write spaces: "{left} - {right}".' if minus and left in known else ""


def _unknown(
    path: tuple[str, ...],
    owner: str | None,
    outputs: Mapping[str, Mapping[str, Value]],
    params: Mapping[str, Value],
) -> UnknownName:
    name = ".".join(path)
    if owner is not None:
        given = outputs[owner]
        output = target(path, (owner,))
        wanted = output[1][0] if output else name
        hint = (
            _minus(wanted, given)
            or _like(wanted, given)
            or (f"It gives {', '.join(sorted(given))}." if given else "")
        )
        return UnknownName(name, f'the node "{owner}" gives no output "{wanted}"', hint)
    if len(path) == 1 and name in outputs:
        hint = f"Name one of its outputs: {', '.join(sorted(outputs[name]))}."
        return UnknownName(name, f'"{name}" is a node and not a value', hint)
    if len(path) == 1:
        hint = _minus(name, params) or _like(name, params)
        if name == "null":
            hint = 'Null is written "none".'
        return UnknownName(name, f'no param is named "{name}" or it has no value', hint)
    hint = _like(name, [*params, *(f"{node}.{path[-1]}" for node in outputs)])
    return UnknownName(name, f'"{name}" is neither an output of a node nor a param', hint)
