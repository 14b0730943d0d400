"""The order in which a Java server gives back the keys of an object.

OpenSearch reads a body's inner objects into `HashMap`s, and ML Commons turns some of them into
one text; the order of keys in it is then the map's and not the writer's (checked on 3.6.0 with
objects of 1 to 60 keys). For comparing what was written with what is read back, and for the
sandbox. It must not know which values are turned into text.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["map_order"]

_FIRST_SIZE, _LOAD = 16, 0.75


def map_order(keys: Iterable[str]) -> list[str]:
    """The keys in the order of a `HashMap` into which they were put in the given order.

    Where more than seven share a bucket of a large map, Java's order is another one.
    """
    names = list(keys)
    size = _FIRST_SIZE
    while len(names) > size * _LOAD:
        size *= 2
    return sorted(names, key=lambda name: _spread(name) & (size - 1))


def _spread(name: str) -> int:
    """`HashMap.hash`: `String.hashCode` over UTF-16 units, its upper half mixed into the lower."""
    units = name.encode("utf-16-be", "surrogatepass")
    code = 0
    for at in range(0, len(units), 2):
        code = (code * 31 + (units[at] << 8 | units[at + 1])) & 0xFFFF_FFFF
    return code ^ (code >> 16)
