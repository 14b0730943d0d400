"""The journal: what an apply or destroy wants to do and did, written down as it happens.

An intent is durable before its request is sent; everything else is handed to the operating
system at once (which outlives `kill -9`) and becomes durable with the next intent. So after
a crash every request that took effect has its answer or at least its intent here. This
module must not know files: a `Log` keeps the entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from flowplan.dataclass import dataclass, field
from flowplan.protocol import Owned
from flowplan.state.lines import Entry
from flowplan.state.model import (
    ClusterIdentity,
    IntentRecord,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)
from flowplan.state.records import intent_to_json, record_to_json, to_json

__all__ = ["JOURNAL_VERSION", "Header", "JournalWriter", "Log", "header_of"]

JOURNAL_VERSION = 1


@dataclass(frozen=True, slots=True)
class Header:
    """The first entry: which state the journal continues, and for what.

    With serial 0 there is no state document yet, so it has all that a new one needs.
    `started` is RFC 3339 in UTC.
    """

    lineage: str
    serial: int
    workflow: str
    salt: str
    operation: str
    started: str
    cluster: ClusterIdentity = field(default_factory=ClusterIdentity)


def header_of(state: State, operation: str) -> Entry:
    """The first entry of a journal that continues `state`."""
    started = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    header = Header(
        state.lineage, state.serial, state.workflow, state.salt, operation, started, state.cluster
    )
    return {"kind": "header", "version": JOURNAL_VERSION, "header": to_json(header)}


class Log(Protocol):
    """Where a backend keeps the entries, in order. Safe to share by threads."""

    def check(self) -> None:
        """Raise `StateError` once any write has failed: nothing more may be promised."""

    def append(self, entry: Entry) -> int:
        """Hand the entry over; it outlives this process. Gives its position for `commit`."""

    def commit(self, position: int) -> None:
        """Return when everything up to `position` outlives a power cut."""

    def close(self) -> None:
        """Commit what is there and let go."""


class JournalWriter:
    """Writes a journal; safe to share by threads. Every method raises `StateError` FP414.

    Once a write has failed every later intent is refused, so nothing unrecorded is sent;
    results of requests that are on their way are still written where that is possible.
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    def intent(self, intent: IntentRecord) -> None:
        """Return once the intent is durable: only then may its request be sent."""
        self._log.check()
        entry = {"kind": "intent", "intent": intent_to_json(intent)}
        self._log.commit(self._log.append(entry))

    def progress(
        self,
        intent_id: str,
        *,
        resource_id: str | None = None,
        task_id: str | None = None,
        owned: Sequence[Owned] = (),
    ) -> None:
        """What is known of an intent's outcome before it is done; what is None stays as it was."""
        self._log.append(
            {
                "kind": "progress",
                "intent": intent_id,
                "resource_id": resource_id,
                "task_id": task_id,
                "owned": [to_json(item) for item in owned],
            }
        )

    def done(
        self, intent_id: str, put: ResourceRecord | None = None, drop: str | None = None
    ) -> None:
        """The intent took effect: its node's record becomes `put`, or node `drop` is gone."""
        record = None if put is None else record_to_json(put)
        self._log.append({"kind": "done", "intent": intent_id, "put": record, "drop": drop})

    def failed(self, intent_id: str, reason: str) -> None:
        """The intent took no effect, for certain; its node's record stays as it was."""
        self._log.append({"kind": "failed", "intent": intent_id, "reason": reason})

    def put(self, record: ResourceRecord) -> None:
        """A record as it is from now on, without an intent."""
        self._log.append({"kind": "put", "record": record_to_json(record)})

    def drop(self, node: str) -> None:
        """A node is no longer recorded."""
        self._log.append({"kind": "drop", "node": node})

    def move(self, node: str, record: ResourceRecord) -> None:
        """What was recorded of `node` is `record` from now on, which has another name."""
        self._log.append({"kind": "move", "from": node, "record": record_to_json(record)})

    def status(self, status: ProvisionStatus) -> None:
        """The provisioning status as it is from now on."""
        self._log.append({"kind": "status", "status": to_json(status)})

    def output(self, outputs: Mapping[str, OutputRecord]) -> None:
        """All outputs as they are from now on; one that is not named is gone."""
        plain = {name: to_json(output) for name, output in outputs.items()}
        self._log.append({"kind": "output", "outputs": plain})

    def close(self) -> None:
        """Make everything durable and let go. Closing twice does nothing."""
        self._log.close()
