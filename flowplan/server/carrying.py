"""One run: lock, recover, plan, execute, by the planner that the command line uses.

It must not know requests, threads, or which runs are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flowplan.dataclass import dataclass, replace
from flowplan.planner.build import build
from flowplan.planner.events import Event
from flowplan.planner.execute import Stop, execute
from flowplan.planner.plan import NodeChange, Plan
from flowplan.planner.reconcile import recover
from flowplan.planner.workspace import Workspace
from flowplan.providers.registry import Registry
from flowplan.server.bodies import held_back
from flowplan.server.clusters import Clusters
from flowplan.server.loading import Loaded
from flowplan.server.neighbours import Neighbourhood
from flowplan.server.settings import ServeSettings
from flowplan.state.backends import Backend
from flowplan.state.identity import new_salt
from flowplan.state.model import State

__all__ = ["Carrier", "Deprovisioned", "Provisioned", "blocked", "needs_permission"]


@dataclass(frozen=True, slots=True)
class Provisioned:
    """How a provisioning ended. `error` is the status's text, None when all is there.

    `interrupted`: it was told to stop before it was through, and goes on with the next start; or
    somebody else has done it.
    """

    error: str | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Deprovisioned:
    """How a deprovisioning ended: the state then, and the ids that were not allowed to go.

    `interrupted` is as in `Provisioned`.
    """

    state: State | None = None
    held: frozenset[str] = frozenset()
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries out plans on the cluster of this server."""

    registry: Registry
    clusters: Clusters
    settings: ServeSettings
    neighbourhood: Neighbourhood

    def plan(
        self,
        backend: Backend,
        loaded: Loaded | None,
        allow_delete: frozenset[str] = frozenset(),
        authorization: str = "",
    ) -> Plan:
        """What a run would do now, without a lock; without a template, what has drifted."""
        with self._workspace("", backend, loaded, authorization) as workspace:
            mode = "apply" if loaded is not None else "refresh-only"
            return build(workspace, mode=mode, allow_delete=allow_delete)  # type: ignore[arg-type]

    def provision(
        self,
        workflow_id: str,
        backend: Backend,
        loaded: Loaded,
        allow_delete: frozenset[str],
        stop: Stop,
        wanted: Callable[[], bool],
        authorization: str = "",
    ) -> Provisioned:
        """Make the cluster as the template says. Raises `FlowplanError` before the first change.

        A run that was cut off is recovered first, so nothing is made twice. `wanted` is asked once
        the lock is ours: somebody else may have done it. `authorization` is whose credentials the
        cluster is asked with, the server's where it is empty.
        """
        with (
            self._workspace(workflow_id, backend, loaded, authorization) as workspace,
            self._locked(backend, "provision"),
        ):
            if not wanted():
                return Provisioned(interrupted=True)
            _adopt(backend, workflow_id, loaded.template.name)
            with self.neighbourhood.recovering(workflow_id):
                snapshot = recover(workspace)
            plan = build(workspace, snapshot=snapshot, allow_delete=allow_delete)
            held = blocked(plan)
            if held:
                return Provisioned(needs_permission(held))
            summary = execute(
                workspace, plan, listener=_nobody, stop=stop, parallelism=self.settings.parallelism
            )
            if summary.interrupted:
                return Provisioned(interrupted=True)
            state = backend.load().state
            failed = summary.state == "FAILED"
            told = state.status.error if state is not None else None
            return Provisioned((told or "a step failed") if failed else None)

    def deprovision(
        self,
        workflow_id: str,
        backend: Backend,
        allow_delete: Sequence[str],
        stop: Stop,
        wanted: Callable[[], bool],
        authorization: str = "",
    ) -> Deprovisioned:
        """Delete what was made, as far as it may be.

        What holds data goes only where `allow_delete` names its id; the rest goes without it.
        `wanted` and `authorization` are as in `provision`. Raises `FlowplanError`.
        """
        with (
            self._workspace(workflow_id, backend, None, authorization) as workspace,
            self._locked(backend, "deprovision"),
        ):
            if not wanted():
                return Deprovisioned(interrupted=True)
            with self.neighbourhood.recovering(workflow_id):
                snapshot = recover(workspace)
            if snapshot.state is None or not snapshot.state.resources:
                return Deprovisioned(snapshot.state)
            known = {str(item.resource_id) for item in snapshot.state.resources.values()}
            plan = build(
                workspace, snapshot=snapshot, mode="destroy",
                allow_delete=frozenset(allow_delete) & known,
            )  # fmt: skip
            held = {change.node: str(change.resource_id) for change in blocked(plan)}
            kept = tuple(change for change in plan.changes if change.node not in held)
            summary = execute(
                workspace, replace(plan, changes=kept), listener=_nobody, stop=stop,
                parallelism=self.settings.parallelism,
            )  # fmt: skip
            return Deprovisioned(
                backend.load().state, frozenset(held.values()), interrupted=summary.interrupted
            )

    @contextmanager
    def _workspace(
        self, workflow_id: str, backend: Backend, loaded: Loaded | None, authorization: str
    ) -> Iterator[Workspace]:
        with self.clusters.connected(authorization) as connection:
            yield Workspace(
                backend=backend,
                steps=self.registry,
                endpoint=self.clusters.endpoint,
                template=loaded.template if loaded is not None else None,
                params=loaded.params if loaded is not None else None,
                connection=connection,
                neighbours=self.neighbourhood.of(workflow_id),
            )

    @contextmanager
    def _locked(self, backend: Backend, operation: str) -> Iterator[None]:
        with backend.lock(operation, self.settings.lock_timeout):
            yield


def _adopt(backend: Backend, workflow_id: str, name: str) -> None:
    """See that the state is this workflow's: with its id, and called as the template is now."""
    snapshot = backend.load()
    state = snapshot.state
    if state is None:
        backend.save(State(workflow_id, 1, name, new_salt()))
    elif state.workflow != name and not snapshot.journal_length:
        backend.save(replace(state, workflow=name, serial=snapshot.base_serial + 1))


def blocked(plan: Plan) -> Sequence[NodeChange]:
    """The changes that would lose data, and that nobody allowed."""
    return [change for change in plan.changes if change.blocked]


def needs_permission(held: Sequence[NodeChange]) -> str:
    """What is said of changes that nobody allowed."""
    return held_back(
        [
            {"resource_type": change.resource_type, "resource_id": change.resource_id}
            for change in held
        ]
    )


def _nobody(_: Event) -> None:
    """The status is read from the state and its journal, which tell more than events."""
