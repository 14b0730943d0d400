"""What every endpoint of the sandbox may use: the store, the clock, ids, options, settings.

Must not know any endpoint; endpoints must keep no state anywhere else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from flowplan.providers.sandbox.ids import IdGenerator, random_uuid
from flowplan.providers.sandbox.options import SandboxOptions
from flowplan.providers.sandbox.store import Store, Tx, Written
from flowplan.providers.sandbox.wire import Reply

__all__ = ["INDEX", "Node"]

# The system index of each kind of document, as answers name it.
INDEX = {
    "connector": ".plugins-ml-connector",
    "model": ".plugins-ml-model",
    "model_group": ".plugins-ml-model-group",
    "task": ".plugins-ml-task",
    "agent": ".plugins-ml-agent",
}


class Node:
    """The one node of the sandbox's cluster."""

    def __init__(
        self, options: SandboxOptions, store: Store, clock: Callable[[], float] = time.time
    ) -> None:
        self.options = options
        self.store = store
        self.new_id = IdGenerator()
        self._clock = clock
        with store.writing() as tx:
            self.cluster_uuid = self._identity(tx, "cluster_uuid")
            self.id = self._identity(tx, "node_id")

    @staticmethod
    def _identity(tx: Tx, key: str) -> str:
        value = tx.meta(key)
        if value is None:
            value = random_uuid()
            tx.set_meta(key, value)
        return value

    def now(self) -> int:
        """Milliseconds since 1970, the unit of every time in the API."""
        return int(self._clock() * 1000)

    def settings(self, tx: Tx) -> dict[str, dict[str, Any]]:
        """Cluster settings that were put, flat, under `persistent` and `transient`."""
        stored = tx.meta("settings")
        return json.loads(stored) if stored else {"persistent": {}, "transient": {}}

    def setting(self, tx: Tx, name: str, default: Any = None) -> Any:
        """One cluster setting; transient wins."""
        both = self.settings(tx)
        return both["transient"].get(name, both["persistent"].get(name, default))

    @staticmethod
    def written(kind: str, done: Written) -> Reply:
        """The answer of a write (transcript 05, calls 3, 14, 21)."""
        body = {
            "_index": INDEX[kind],
            "_id": done.id,
            "_version": done.version,
            "result": done.result,
            "forced_refresh": True,
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "_seq_no": done.seq_no,
            "_primary_term": 1,
        }
        return Reply(200, body)
