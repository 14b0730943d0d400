"""What the operations of one run share: records, journal, resolver, cluster and listener.

Thread-safe. It must not know in which order operations run.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, FlowplanError
from flowplan.planner.events import Event, Listener
from flowplan.planner.plan import Action, NodeChange
from flowplan.planner.reconcile.match import known_ids
from flowplan.planner.values import Json, Sensitive, Value, leaves, sensitive_paths
from flowplan.planner.workspace import Steps, Workspace
from flowplan.protocol import Cluster, StepType
from flowplan.state.journal import JournalWriter
from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = ["Run", "Turns", "at_node", "elapsed_ms", "new_intent", "told"]


class Turns:
    """Locks by key: operations that must not overlap take the same key."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}

    @contextmanager
    def take(self, *keys: Hashable | None) -> Iterator[None]:
        """Hold the locks of all keys that are not None, in one total order."""
        with ExitStack() as stack:
            for key in sorted({repr(key) for key in keys if key is not None}):
                with self._guard:
                    lock = self._locks.setdefault(key, threading.Lock())
                stack.enter_context(lock)
            yield


@dataclass(slots=True)
class Run:
    """One apply or destroy while it goes on.

    `undecided` are the intents that have no outcome (yet): as long as there is one, the
    journal must not be dropped. `undone` are the ids of resources whose effect this run takes
    back: no record may go on saying that it is to be brought back.
    """

    workspace: Workspace
    journal: JournalWriter | None
    salt: str
    records: dict[str, ResourceRecord]
    listener: Listener
    notes: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    touched: set[str] = field(default_factory=set)
    started: dict[str, float] = field(default_factory=dict)
    undecided: dict[str, IntentRecord] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    changed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pausing: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note which few records have something paused: every undeployment asks."""
        self._pausing = {name for name, record in self.records.items() if record.paused}

    @property
    def log(self) -> JournalWriter:
        """The journal of a run that changes something."""
        if self.journal is None:
            raise ValueError("this run has no journal")
        return self.journal

    @property
    def steps(self) -> Steps:
        """The step types."""
        return self.workspace.steps

    def tell(self, event: Event) -> None:
        """Pass an event on, one at a time."""
        with self._lock:
            self.listener(event)

    def put(
        self, record: ResourceRecord, intent: IntentRecord | None = None, *, changed: bool = True
    ) -> None:
        """Record what a node is now, and write it at once; `changed` on the cluster, too."""
        with self._lock:
            record = self._set(record)
            if changed:
                self.touched.add(record.node)
                self.changed = True
        if intent is None:
            self.log.put(record)
        else:
            self.log.done(intent.id, put=record)
            self.undecided.pop(intent.id, None)

    def keep(self, record: ResourceRecord) -> None:
        """Record anew what stays as it is on the cluster."""
        with self._lock:
            record = self._set(record)
        if self.journal is not None:
            self.journal.put(record)

    @contextmanager
    def effect_of(self, resource_id: str) -> Iterator[None]:
        """Hold the effect on a resource: nobody else brings it about or takes it back meanwhile."""
        with self.turns.take(("effect", resource_id)):
            yield

    def undo(self, resource_id: str) -> None:
        """Note that an effect on a resource is taken back for good, also where it was paused."""
        with self._lock:
            self.undone.add(resource_id)
            pausing = [self.records[name] for name in sorted(self._pausing & self.records.keys())]
            noted = [record for record in pausing if resource_id in record.paused]
        for record in noted:
            self.keep(record)

    def _set(self, record: ResourceRecord) -> ResourceRecord:
        if not self.undone.isdisjoint(record.paused):
            rest = tuple(item for item in record.paused if item not in self.undone)
            record = replace(record, paused=rest)
        self.records[record.node] = record
        if record.paused:
            self._pausing.add(record.node)
        else:
            self._pausing.discard(record.node)
        return record

    def drop(self, node: str, intent: IntentRecord | None = None) -> None:
        """Record that a node has nothing on the cluster any more."""
        with self._lock:
            self.records.pop(node, None)
            self.touched.discard(node)
            self.changed = True
        if intent is None:
            self.log.drop(node)
        else:
            self.log.done(intent.id, drop=node)
            self.undecided.pop(intent.id, None)

    def known_ids(self) -> frozenset[str]:
        """Every resource id that a record of ours has."""
        with self._lock:
            records = list(self.records.values())
        return known_ids(records)

    def intent(self, intent: IntentRecord) -> IntentRecord:
        """Make the wish durable; nothing may be sent before this returns."""
        self.log.intent(intent)
        self.undecided[intent.id] = intent
        return intent

    def failed(self, intent: IntentRecord, reason: str) -> None:
        """Record that the wish certainly had no effect."""
        self.log.failed(intent.id, reason)
        self.undecided.pop(intent.id, None)

    def hide(self, inputs: Mapping[str, Value]) -> None:
        """Keep the secrets in `inputs` out of every message: a server may quote what it got."""
        if self.workspace.connection is not None and sensitive_paths(inputs):
            self.workspace.connection.hide(
                str(leaf.value) for _, leaf in leaves(inputs) if isinstance(leaf, Sensitive)
            )

    def cluster(self, intent: IntentRecord, action: Action, timeout: float) -> Cluster:
        """The way to the cluster for the operation of this intent."""
        connection = self.workspace.connection
        if connection is None:
            raise ValueError("nothing is connected")

        def tell(text: str) -> None:
            self.tell(Event("step_progress", intent.node, action, text))

        # Who lost the lock must not change what the next one works on.
        return connection.operation(intent.id, timeout, tell, tell, self.workspace.backend.check)


def new_intent(
    record: ResourceRecord,
    verb: str,
    *,
    expected: Mapping[str, Json] | None = None,
    notes: Mapping[str, Json] | None = None,
    deposed: bool = False,
) -> IntentRecord:
    """A wish with an id of its own, dated now."""
    return IntentRecord(
        id=uuid4().hex, node=record.node, type=record.type, verb=verb,  # type: ignore[arg-type]
        at=time.time(), record=record, expected=expected or {}, notes=notes or {}, deposed=deposed,
    )  # fmt: skip


@contextmanager
def told(
    run: Run, change: NodeChange, action: Action, step: StepType, timeout: float | None = None
) -> Iterator[list[str]]:
    """Tell the start and the end of a step around its operation.

    Yields a list that the operation may put the new resource id into. A failure is told by
    whoever decides that it is one: what is held back is tried again.
    """
    first = change.node not in run.started
    begun = run.started.setdefault(change.node, time.monotonic())
    if first:
        limit = step.schema.timeout if timeout is None else timeout
        known = None if math.isinf(limit) else limit
        run.tell(Event("step_started", change.node, action, timeout=known))
    found: list[str] = []
    yield found
    run.tell(
        Event(
            "step_completed", change.node, action, elapsed_ms=elapsed_ms(begun),
            resource_type=step.schema.resource_type,
            resource_id=found[0] if found else change.resource_id,
        )
    )  # fmt: skip


def at_node(error: Exception, node: str) -> Diagnostic:
    """The first diagnostic of an error, with the node it happened at."""
    if not isinstance(error, FlowplanError):
        raise error
    return error.diagnostics[0].at_node(node)


def elapsed_ms(begun: float) -> int:
    """Milliseconds since `begun` on `time.monotonic`."""
    return round((time.monotonic() - begun) * 1000)
