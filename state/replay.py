"""A journal's entries applied to the state they continue, in one pass.

What an unfinished apply did is in no other place. This module must not know files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import StateError
from flowplan.protocol import Owned
from flowplan.state.journal import JOURNAL_VERSION, Header
from flowplan.state.lines import Entry
from flowplan.state.model import (
    IntentRecord,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)
from flowplan.state.records import Malformed, from_json, intent_from_json, record_from_json

__all__ = ["OpenIntent", "Replayed", "replay"]


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent that has no outcome, with what was learned of it before the end."""

    intent: IntentRecord
    resource_id: str | None = None
    task_id: str | None = None
    owned: tuple[Owned, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """The state with the journal's entries applied; its serial is still the document's.

    `length` counts the entries after the header, `operation` is the journal's, and `stale`
    says that the entries had been folded into the state already and were left out.
    """

    state: State | None
    open: tuple[OpenIntent, ...] = ()
    length: int = 0
    operation: str | None = None
    stale: bool = False


@dataclass(slots=True)
class _Builder:
    """Mutable while replaying: a new `State` an entry would take quadratic time."""

    base: State
    resources: dict[str, ResourceRecord]
    outputs: Mapping[str, OutputRecord]
    status: ProvisionStatus
    open: dict[str, OpenIntent] = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        kind = entry.get("kind")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            raise Malformed("kind", f"{kind!r} is not a kind of entry")
        handler(self, entry)

    def intent(self, entry: Entry) -> None:
        intent = intent_from_json(entry["intent"], "intent")
        self.open[intent.id] = OpenIntent(intent)

    def progress(self, entry: Entry) -> None:
        known = self.open.get(entry["intent"])
        if known is None:
            return
        owned = tuple(from_json(Owned, item, "owned") for item in entry["owned"])
        self.open[known.intent.id] = replace(
            known,
            resource_id=entry["resource_id"] or known.resource_id,
            task_id=entry["task_id"] or known.task_id,
            owned=(*known.owned, *(item for item in owned if item not in known.owned)),
        )

    def done(self, entry: Entry) -> None:
        self.open.pop(entry["intent"], None)
        if entry["put"] is not None:
            record = record_from_json(entry["put"], "put")
            self.resources[record.node] = record
        if entry["drop"] is not None:
            self.resources.pop(entry["drop"], None)

    def failed(self, entry: Entry) -> None:
        self.open.pop(entry["intent"], None)

    def put(self, entry: Entry) -> None:
        record = record_from_json(entry["record"], "record")
        self.resources[record.node] = record

    def drop(self, entry: Entry) -> None:
        self.resources.pop(entry["node"], None)

    def move(self, entry: Entry) -> None:
        record = record_from_json(entry["record"], "record")
        self.resources.pop(entry["from"], None)
        self.resources[record.node] = record

    def set_status(self, entry: Entry) -> None:
        self.status = from_json(ProvisionStatus, entry["status"], "status")

    def set_outputs(self, entry: Entry) -> None:
        self.outputs = {
            name: from_json(OutputRecord, item, f"outputs.{name}")
            for name, item in entry["outputs"].items()
        }

    def state(self) -> State:
        return replace(
            self.base, resources=self.resources, outputs=self.outputs, status=self.status
        )


_HANDLERS: Mapping[str, Callable[[_Builder, Entry], None]] = {
    "intent": _Builder.intent,
    "progress": _Builder.progress,
    "done": _Builder.done,
    "failed": _Builder.failed,
    "put": _Builder.put,
    "drop": _Builder.drop,
    "move": _Builder.move,
    "status": _Builder.set_status,
    "output": _Builder.set_outputs,
}


def replay(state: State | None, entries: Sequence[Entry], location: str) -> Replayed:
    """`state` continued by a journal's `entries`, whose first is its header.

    `location` names the journal in messages. A journal that an older serial began has been
    folded into the state and is left out. Without a state document a journal of serial 0
    gives one. Raises `StateError`: FP416 for an entry that makes no sense, FP412 for another
    state's journal, FP413 for one that continues a newer state than this, FP415 for one that
    a newer flowplan wrote.
    """
    if not entries:
        return Replayed(state)
    header = _header(entries[0], location)
    base = _base(state, header, location)
    if header.serial < base.serial:
        return Replayed(state, stale=True)
    builder = _Builder(base, dict(base.resources), base.outputs, base.status)
    for number, entry in enumerate(entries[1:], start=2):
        try:
            builder.apply(entry)
        except (Malformed, KeyError, TypeError, AttributeError) as problem:
            _senseless(location, number, problem)
    return Replayed(
        builder.state(), tuple(builder.open.values()), len(entries) - 1, header.operation
    )


def _header(entry: Entry, location: str) -> Header:
    version: Any = entry.get("version")
    if entry.get("kind") != "header" or not isinstance(version, int):
        _senseless(location, 1, Malformed("", "the journal does not begin with its header"))
    if version > JOURNAL_VERSION:
        raise StateError.of(
            "FP415",
            f"{location} was written by a newer flowplan",
            f"It has format {version}; this flowplan reads formats up to {JOURNAL_VERSION}.",
            hint="Upgrade flowplan.",
        )
    try:
        return from_json(Header, entry.get("header"), "header")
    except Malformed as problem:
        _senseless(location, 1, problem)


def _base(state: State | None, header: Header, location: str) -> State:
    """The state that the journal continues, or the older one that it does not fit."""
    if state is None and header.serial == 0:
        return State(header.lineage, 0, header.workflow, header.salt, header.cluster)
    if state is not None and state.lineage != header.lineage:
        raise StateError.of(
            "FP412",
            f"{location} belongs to another state",
            f"The journal continues lineage {header.lineage} (workflow {header.workflow!r}),"
            f" the state beside it is {state.lineage} (workflow {state.workflow!r}).",
            hint="One of the two was copied here: put its own partner beside it.",
        )
    if state is None or header.serial > state.serial:
        here = "there is no state" if state is None else f"the state has serial {state.serial}"
        raise StateError.of(
            "FP413",
            f"{location} continues a newer state than the one that is there",
            f"It continues serial {header.serial}, {here}: a state was removed or replaced by"
            " an older one while the journal of an unfinished apply stayed.",
            hint=f"Restore the state with serial {header.serial}. Without it the resources that"
            " it named can't be found again from here.",
        )
    return state


def _senseless(location: str, number: int, problem: Exception) -> NoReturn:
    what = f"the field {problem} is missing" if isinstance(problem, KeyError) else str(problem)
    raise StateError.of(
        "FP416",
        f"{location}: the entry in line {number} can't be used",
        f"{what}.",
        hint="Its checksum is right, so another program or a hand wrote it. Restore the journal"
        " from a copy.",
    ) from None
