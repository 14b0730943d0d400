"""What is kept of workflows, with their secrets put back, one request at a time for each.

It must not know which request may do what.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import StateError
from flowplan.providers.registry import Registry
from flowplan.server.documents import Order, Workflow
from flowplan.server.errors import Rejected, not_found
from flowplan.server.sealing import Seal, split, whole
from flowplan.server.store import Changed, Store
from flowplan.state.model import State

__all__ = ["Kept", "now"]

Json: TypeAlias = Any
_STRIPES = 256
_TRIES, _PAUSE = 10, 0.5


def now() -> int:
    """Milliseconds since the epoch."""
    return round(time.time() * 1000)


@dataclass(frozen=True, slots=True)
class Kept:
    """The workflows of a store, and how their templates are sealed."""

    store: Store
    seal: Seal
    registry: Registry
    _turns: tuple[threading.Lock, ...] = field(
        default_factory=lambda: tuple(threading.Lock() for _ in range(_STRIPES))
    )

    @contextmanager
    def turn(self, workflow_id: str) -> Iterator[None]:
        """Be the only one to decide about a workflow. Not to be held while a run goes on."""
        with self._turns[hash(workflow_id) % _STRIPES]:
            try:
                yield
            except Changed:
                # Another server of the same database was faster.
                raise Rejected(
                    f"The workflow {workflow_id} was changed by another request meanwhile. Send"
                    " this one again.",
                    409,
                ) from None

    def amend(self, workflow_id: str, order: Order, write: Callable[[Workflow], None]) -> None:
        """Write what came of an order, if it is still the workflow's, whatever else changed.

        A place that can't be written for a moment is tried again: who asked is not there to do so.
        Raises `StateError`.
        """
        for attempt in range(_TRIES):
            with self._turns[hash(workflow_id) % _STRIPES]:
                found = self.store.get(workflow_id)
                if found is None or found.order != order:
                    return
                try:
                    write(found)
                except Changed:
                    continue
                except StateError:
                    if attempt + 1 == _TRIES:
                        raise
                else:
                    return
            time.sleep(_PAUSE)

    def find(self, workflow_id: str) -> Workflow:
        """The workflow with that template. Raises `Rejected` 404 where there is none."""
        found = self.store.get(workflow_id)
        if found is None or found.template is None:
            raise not_found(workflow_id)
        return found

    def with_template(self, workflow: Workflow, template: Mapping[str, Json]) -> Workflow:
        """The same with another template, its secrets sealed."""
        shown, hidden = split(template, self.registry)
        sealed = self.seal.close(hidden) if hidden else ""
        return replace(workflow, template=shown, sealed=sealed)

    def template_of(self, workflow: Workflow) -> dict[str, Json]:
        """The template as it was sent. Raises `StateError` FP680."""
        hidden = self.seal.open(workflow.sealed) if workflow.sealed else []
        return whole(workflow.template or {}, hidden)

    def state_of(self, workflow: Workflow) -> State | None:
        """What the planner has recorded, as far as a run has come."""
        if workflow.never_run:
            return None
        return self.store.backend(workflow.id).load().state
