"""Whether the server can work: its store takes writes, and its cluster answers.

Asked for often, looked up once a second. It must not know who asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from flowplan.dataclass import dataclass, field
from flowplan.errors import FlowplanError
from flowplan.server.clusters import Clusters
from flowplan.server.store import Store

__all__ = ["Readiness"]

_GOOD_FOR = 1.0
_PATIENCE = 2.0
_NOT_SIGNED_IN = (401, 403)


@dataclass(slots=True)
class Readiness:
    """Looks after the store and the cluster. `own_account`: the server has to be let in there."""

    store: Store
    clusters: Clusters
    own_account: bool = True
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _found: Mapping[str, str] = field(default_factory=dict)
    _until: float = 0.0

    def look(self) -> Mapping[str, str]:
        """`store` and `cluster`, each `ok` or what is wrong with it; a second old at most."""
        with self._guard:
            if time.monotonic() >= self._until:
                self._found = {"store": self._store(), "cluster": self._cluster()}
                self._until = time.monotonic() + _GOOD_FOR
            return self._found

    def _store(self) -> str:
        try:
            self.store.probe()
        except FlowplanError as error:
            return error.diagnostics[0].summary
        return "ok"

    def _cluster(self) -> str:
        accepted = () if self.own_account else _NOT_SIGNED_IN
        try:
            with self.clusters.connected() as connection:
                operation = connection.operation(timeout=_PATIENCE)
                operation.request("GET", "/", accept=accepted)
        except FlowplanError as error:
            return error.diagnostics[0].summary
        return "ok"
