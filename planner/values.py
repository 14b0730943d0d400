"""The values that flow through a plan: JSON, with two marks at its leaves.

`Unknown` stands for what does not exist yet; `Sensitive` wraps what must never be shown or
stored. Both may stand anywhere in a tree of dicts and lists, and travel with it. Everything
that leaves the planner goes through one of the three exits here: `reveal` (to a provider),
`seal` (to state and plan files) or `masked` (to people). This module must not know templates,
providers or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass

__all__ = [
    "Json",
    "Path",
    "Sensitive",
    "Unknown",
    "Value",
    "canonical",
    "has_unknown",
    "is_plain",
    "is_sealed",
    "is_sensitive",
    "leaves",
    "masked",
    "not_given",
    "reveal",
    "seal",
    "seal_at",
    "sensitive_paths",
    "unknowns",
    "withheld",
]

Json: TypeAlias = Any
"""None, bool, int, float, str, list or dict of those."""
Value: TypeAlias = Any
"""Json whose leaves may be `Unknown` or `Sensitive`."""
Path: TypeAlias = tuple[str | int, ...]

SEAL = "$flowplan.sealed"
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of leaves without a mark: most of a tree, told apart before anything slower is asked."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What node `node` will give as `output` once it is applied."""

    node: str
    output: str = ""
    sensitive: bool = False


def withheld(name: str) -> Unknown:
    """The mark for the secret param `name` that a plan is made without: no node will give it."""
    return Unknown("", name, sensitive=True)


def not_given(value: Value) -> bool:
    """Whether this is, or is made of, a secret that was not given."""
    return isinstance(value, Unknown) and not value.node


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A value that may be sent to the cluster and nowhere else."""

    value: Json

    def __repr__(self) -> str:
        return "Sensitive(…)"


def canonical(value: Json) -> bytes:
    """The one serialisation that digests are taken over: type-strict, keys sorted."""
    return _encoder()(value).encode("utf-8", "surrogatepass")


@cache
def _encoder() -> Callable[[Json], str]:
    # On use: a template in YAML is checked without it.
    import json

    return json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode


def _map(value: Value, leaf: Callable[[Value, Path], Json], path: Path = ()) -> Json:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (dict, Mapping)):
        return {key: _map(item, leaf, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map(item, leaf, (*path, index)) for index, item in enumerate(value)]
    return leaf(value, path)


def reveal(value: Value) -> Json:
    """The plain value that a provider sends. Raises `ValueError` on what is not known."""

    def leaf(item: Value, path: Path) -> Json:
        if isinstance(item, Unknown):
            where = ".".join(map(str, path))
            raise ValueError(f"{where} is not known: it comes from {item.node}")
        return item.value if isinstance(item, Sensitive) else item

    return _map(value, leaf)


def masked(value: Value) -> Json:
    """What people may see: `(sensitive)` and None (not known) in the place of marked leaves."""
    if type(value) in _PLAIN:
        return value

    def leaf(item: Value, _: Path) -> Json:
        if isinstance(item, Sensitive) or (isinstance(item, Unknown) and item.sensitive):
            return "(sensitive)"
        return None if isinstance(item, Unknown) else item

    def sealed(item: Json) -> Json:
        if is_sealed(item):
            return "(sensitive)"
        if isinstance(item, dict):
            return {key: sealed(part) for key, part in item.items()}
        return [sealed(part) for part in item] if isinstance(item, list) else item

    return sealed(_map(value, leaf))


def is_plain(value: Value) -> bool:
    """Whether it is a text, a number, a boolean or null: known, and no secret."""
    return type(value) in _PLAIN


def is_sealed(value: Value) -> bool:
    """Whether this is the digest that stands for a sensitive value."""
    if type(value) in _PLAIN:
        return False
    return isinstance(value, (dict, Mapping)) and len(value) == 1 and SEAL in value


def _digest(value: Json, path: Path, salt: str) -> Json:
    # On use: OpenSSL behind it takes as long to load as a small template to check.
    import hashlib
    import hmac

    text = canonical([list(path), value])
    return {SEAL: hmac.new(bytes.fromhex(salt), text, hashlib.sha256).hexdigest()}


def seal(value: Value, salt: str) -> Json:
    """What may be stored: sensitive leaves become HMAC-SHA-256 digests over path and value.

    Raises `ValueError` on what is not known: the unknown is never stored.
    """

    def leaf(item: Value, path: Path) -> Json:
        if isinstance(item, Unknown):
            raise ValueError(f"{'.'.join(map(str, path))} is not known yet")
        return _digest(item.value, path, salt) if isinstance(item, Sensitive) else item

    return _map(value, leaf)


def seal_at(value: Json, paths: frozenset[Path], salt: str, path: Path = ()) -> Json:
    """`value` with the parts at `paths` sealed.

    A server may fold what is below a path into one string (ML Commons does so with
    `parameters`); then the string is sealed, since the secret is inside it. It may also show
    it under another key (OpenSearch does so with settings); then the whole object is sealed.
    """
    if not paths or is_sealed(value):
        return value
    if () in paths or not isinstance(value, (Mapping, list)):
        return _digest(value, path, salt)
    # An input as a whole may well be missing: a credential is never shown.
    if path and isinstance(value, Mapping) and any(item[0] not in value for item in paths):
        return _digest(value, path, salt)
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    below: dict[Any, set[Path]] = {}
    for item in paths:
        below.setdefault(item[0], set()).add(item[1:])
    sealed = {
        key: seal_at(item, frozenset(below.get(key, ())), salt, (*path, key)) for key, item in items
    }
    return sealed if isinstance(value, Mapping) else list(sealed.values())


def leaves(value: Value, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    """Every leaf with its path, in document order; an empty object or list is a leaf."""
    found: list[tuple[Path, Value]] = []
    _gather(value, path, found)
    return iter(found)


def _gather(value: Value, path: Path, found: list[tuple[Path, Value]]) -> None:
    # No generator: each leaf would pass through all those above it.
    if type(value) in _PLAIN:
        found.append((path, value))
    elif isinstance(value, (dict, Mapping)) and value and not is_sealed(value):
        for key, item in value.items():
            _gather(item, (*path, key), found)
    elif isinstance(value, (list, tuple)) and value:
        for index, item in enumerate(value):
            _gather(item, (*path, index), found)
    else:
        found.append((path, value))


def sensitive_paths(value: Value) -> frozenset[Path]:
    """Where the marked and the sealed leaves are."""
    if not _has_leaf(value, is_sensitive):
        # As most trees: then no path is put together.
        return frozenset()
    return frozenset(path for path, item in leaves(value) if is_sensitive(item))


def is_sensitive(leaf: Value) -> bool:
    """Whether a leaf is marked, or is the digest of one that was."""
    if type(leaf) in _PLAIN:
        return False
    if isinstance(leaf, Unknown):
        return leaf.sensitive
    return isinstance(leaf, Sensitive) or is_sealed(leaf)


def _has_leaf(value: Value, test: Callable[[Value], bool]) -> bool:
    """Whether a leaf passes a test that no plain value does."""
    if type(value) in _PLAIN:
        return False
    if isinstance(value, (dict, Mapping)) and not is_sealed(value):
        return any(_has_leaf(item, test) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_leaf(item, test) for item in value)
    return test(value)


def unknowns(value: Value) -> Iterator[Unknown]:
    """Every `Unknown` in the tree."""
    if type(value) in _PLAIN:
        return
    for _, item in leaves(value):
        if isinstance(item, Unknown):
            yield item


def has_unknown(value: Value) -> bool:
    """Whether anything in the tree is not known yet."""
    return _has_leaf(value, _is_unknown)


def _is_unknown(leaf: Value) -> bool:
    return isinstance(leaf, Unknown)
