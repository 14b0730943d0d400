"""Names of nodes and params that come from names of resources: readable, and each given once.

They must be such that an expression can use them. Must not know what is named.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["NodeNames"]

_LONGEST = 40
# Words of expressions: `${{ true.model_id }}` would not name a node.
_WORDS = frozenset({"and", "else", "false", "if", "in", "is", "none", "not", "or", "true"})


class NodeNames:
    """Gives names out, none twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def node(self, name: str, kind: str) -> str:
        """A name for the node of a resource: its own in lower case, with its kind if need be."""
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        short = re.sub(r"[^a-z0-9]+", "_", plain)[:_LONGEST].strip("_")
        if not short:
            return self.free(kind)
        if short[0].isdigit() or short in _WORDS:
            short = f"{kind}_{short}"
        both = short if kind in short else f"{short}_{kind}"
        return self._take(short) if short not in self._taken else self.free(both)

    def free(self, name: str) -> str:
        """This name, or the first free one with a number behind it."""
        number, found = 1, name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        return self._take(found)

    def param(self, node: str, key: str) -> str:
        """A name for a value of a node that the cluster does not show."""
        word = re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_") or "secret"
        return self.free(f"{node}_{word}")

    def _take(self, name: str) -> str:
        self._taken.add(name)
        return name
