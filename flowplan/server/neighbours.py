"""What the workflows of a store know of each other where an answer was lost.

Many of them make equal resources. Which one a request made whose answer was lost can only be told
by what all the others have recorded, and by which of their answers were lost as well.

It must not know the cluster, nor decide anything.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Lock

from flowplan.dataclass import dataclass, field
from flowplan.errors import StateError
from flowplan.planner.reconcile.match import known_ids
from flowplan.planner.workspace import Lost
from flowplan.server.store import Store
from flowplan.state.backends import Snapshot
from flowplan.state.replay import OpenIntent

__all__ = ["Neighbourhood"]

_PATIENCE, _PAUSE = 10.0, 0.05


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """All workflows of a store."""

    store: Store
    claiming: Lock = field(default_factory=Lock)
    _recovering: set[str] = field(default_factory=set)

    def of(self, workflow_id: str) -> _Neighbours:
        """The others, as `Workspace.neighbours` of this one."""
        return _Neighbours(self, workflow_id)

    @contextmanager
    def recovering(self, workflow_id: str) -> Iterator[None]:
        """Its run has the lock, and still finds out which answers an earlier one has lost."""
        self._recovering.add(workflow_id)
        try:
            yield
        finally:
            self._recovering.discard(workflow_id)

    def load(self, workflow_id: str) -> Snapshot:
        """Its state. One that can't be read knows nothing, and that is said where it matters."""
        try:
            return self.store.backend(workflow_id).load()
        except StateError:
            return Snapshot()

    def waits(self, workflow_id: str, snapshot: Snapshot) -> frozenset[str]:
        """The intents whose answers are still under way."""
        if snapshot.holder is None or workflow_id in self._recovering:
            return frozenset()
        return frozenset(item.intent.id for item in _unanswered(snapshot))


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Satisfies `flowplan.planner.workspace.Neighbours`."""

    all: Neighbourhood
    workflow_id: str

    def claim(self) -> AbstractContextManager[object]:
        """See `Neighbours.claim`; servers that share a database are not kept apart by it."""
        return self.all.claiming

    def look(self) -> tuple[frozenset[str], Sequence[Lost]]:
        """See `Neighbours.look`. Who does not answer in ten seconds is not waited for."""
        end = time.monotonic() + _PATIENCE
        recorded: set[str] = set()
        lost: list[Lost] = []
        for item in self.all.store.all():
            if item.id == self.workflow_id or item.never_run:
                continue
            snapshot = self._answered(item.id, end)
            if snapshot.state is None:
                continue
            recorded |= known_ids(snapshot.state.resources.values())
            recorded |= {found.resource_id for found in snapshot.open if found.resource_id}
            if not self.all.waits(item.id, snapshot):
                salt = snapshot.state.salt
                lost += [Lost(found.intent, salt) for found in _unanswered(snapshot)]
        return frozenset(recorded), lost

    def _answered(self, workflow_id: str, end: float) -> Snapshot:
        """Its state, once the answers that are under way now are there."""
        snapshot = self.all.load(workflow_id)
        waits = self.all.waits(workflow_id, snapshot)
        while waits and time.monotonic() < end:
            time.sleep(_PAUSE)
            snapshot = self.all.load(workflow_id)
            waits &= self.all.waits(workflow_id, snapshot)
        return snapshot


def _unanswered(snapshot: Snapshot) -> Sequence[OpenIntent]:
    """The creates of which nothing is known."""
    return [
        item for item in snapshot.open if item.intent.verb == "create" and item.resource_id is None
    ]
