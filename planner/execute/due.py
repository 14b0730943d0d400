"""Remembering what a change triggers, before that change is sent.

Between the change of one node and the replacement of another lie two records. A run that is cut
off between them would leave nothing that says why the other is to be replaced, since the next
plan finds the first as it should be. Must not know how nodes are changed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import FlowplanError
from flowplan.planner.execute.context import Run

__all__ = ["Due"]


@dataclass(slots=True)
class Due:
    """The replacements that follow from changes of one run; safe to share by threads.

    `triggered` has, by node, the nodes that are replaced because it is changed.
    """

    run: Run
    triggered: Mapping[str, Sequence[str]]
    _by: dict[str, set[str]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def following(self, node: str) -> Iterator[None]:
        """Around a change of `node`: what follows from it is recorded as due.

        The record is handed over before the change's intent, and so is durable with it. It is
        taken back when the change certainly had no effect.
        """
        followers = self.triggered.get(node, ())
        for name in followers:
            self._arm(name, node)
        before = self.run.records.get(node)
        try:
            yield
        except FlowplanError:
            undecided = any(item.node == node for item in list(self.run.undecided.values()))
            if self.run.records.get(node) is before and not undecided:
                for name in followers:
                    self._disarm(name, node)
            raise

    def _arm(self, name: str, node: str) -> None:
        with self._guard:
            record = self.run.records.get(name)
            if record is None:
                return
            if not record.due:
                self._by[name] = {node}
                self.run.keep(replace(record, due=True))
            elif name in self._by:
                self._by[name].add(node)

    def _disarm(self, name: str, node: str) -> None:
        with self._guard:
            causes = self._by.get(name, set())
            causes.discard(node)
            record = self.run.records.get(name)
            if record is not None and name in self._by and not causes:
                del self._by[name]
                self.run.keep(replace(record, due=False))
