"""Provisioning, changing and deprovisioning: what is allowed when, and the run that does it.

What is promised with a 202 is written down first, so a restart goes on with it. Error texts are
Flow Framework's, as recorded. It must not know requests or answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import uuid4

from flowplan.dataclass import dataclass, replace
from flowplan.errors import FlowplanError, LockHeld, Unreachable
from flowplan.planner.plan import Plan
from flowplan.server.access import Caller
from flowplan.server.bodies import PROGRESS, held_back, named, resources
from flowplan.server.carrying import Carrier, Provisioned, blocked, needs_permission
from flowplan.server.documents import Order, Workflow
from flowplan.server.errors import Rejected, one_line, rejected
from flowplan.server.kept import Kept, now
from flowplan.server.loading import Loaded, load
from flowplan.server.logs import told
from flowplan.server.runs import Run, Runs, TooMany
from flowplan.server.validation import check
from flowplan.state.model import Provision

__all__ = ["Provisioning"]

Json: TypeAlias = Any
_log = logging.getLogger(__name__)
_PAUSE = 1.0
_RESET = "Deprovision the workflow to reset the state."


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What is done with a workflow on the cluster."""

    kept: Kept
    carrier: Carrier
    runs: Runs

    def check(self, template: Mapping[str, Json], params: Mapping[str, str]) -> Loaded:
        """See that a template can be provisioned with these params. Raises `Rejected`."""
        check(template, self.kept.registry, complete=True)
        return load(template, params, self.kept.registry)

    def provision(self, workflow_id: str, params: Mapping[str, str], caller: Caller) -> Run:
        """Begin to make what the template says; after a failure, what is still missing of it."""
        with self.kept.turn(workflow_id):
            found = self.kept.find(workflow_id)
            state = found.state or "NOT_STARTED"
            if state not in {"NOT_STARTED", "FAILED"}:
                raise Rejected(
                    f"The workflow provisioning state is {PROGRESS[state]} and can not be"
                    f" provisioned unless its state is NOT_STARTED: {workflow_id}. {_RESET}"
                )
            self._see_idle(found)
            self.check(self.kept.template_of(found), params)
            return self._begin(found, found, params, (), caller)

    def reprovision(
        self,
        workflow_id: str,
        template: Mapping[str, Json],
        params: Mapping[str, str],
        allow_delete: Sequence[str],
        caller: Caller,
    ) -> Run:
        """Begin to change what was made so that it is as another template says."""
        with self.kept.turn(workflow_id):
            found = self.kept.find(workflow_id)
            if found.state not in {"COMPLETED", "FAILED"}:
                raise Rejected(
                    "The template can not be reprovisioned unless its provisioning state is DONE or"
                    f" FAILED: {workflow_id}"
                )
            self._see_idle(found)
            loaded = self.check(template, params)
            plan = self._planned(workflow_id, loaded, allow_delete, caller)
            if plan.empty and not plan.outputs_changed and found.state == "COMPLETED":
                raise Rejected("Template does not contain any modifications")
            changed = self.kept.with_template(replace(found, updated=now()), template)
            return self._begin(found, changed, params, allow_delete, caller)

    def _planned(
        self, workflow_id: str, loaded: Loaded, allow_delete: Sequence[str], caller: Caller
    ) -> Plan:
        """The plan of a change, unless it deletes what holds data. Raises `Rejected`.

        What would have to be made anew for it fails in the run, as in Flow Framework.
        """
        plan = self.plan(workflow_id, loaded, caller, allow_delete)
        held = [change for change in blocked(plan) if change.action == "delete"]
        if held:
            raise Rejected(needs_permission(held))
        return plan

    def plan(
        self,
        workflow_id: str,
        loaded: Loaded | None,
        caller: Caller,
        allow_delete: Sequence[str] = (),
    ) -> Plan:
        """What would be done now, or without a template what has drifted. Raises `Rejected`."""
        backend = self.kept.store.backend(workflow_id)
        state = backend.load().state
        if loaded is not None and state is not None and state.workflow != loaded.template.name:
            # Renamed by `update_fields`; the next run calls the state by the new name.
            loaded = replace(loaded, template=replace(loaded.template, name=state.workflow))
        try:
            return self.carrier.plan(backend, loaded, frozenset(allow_delete), caller.authorization)
        except FlowplanError as error:
            raise rejected(error) from None

    def _see_idle(self, workflow: Workflow) -> None:
        """Refuse a second run of a workflow, here or on another server. Raises `Rejected`."""
        if self.runs.draining:
            raise Rejected("The server is about to end: send the request again in a moment.", 503)
        if self.runs.current(workflow.id) is not None or workflow.order is not None:
            kind = workflow.order.kind if workflow.order is not None else "run"
            raise Rejected(
                f"A {kind} of this workflow goes on: {workflow.id}. Send the request again when it"
                " is over.",
                409,
            )

    def _begin(
        self,
        before: Workflow,
        wanted: Workflow,
        params: Mapping[str, str],
        allow_delete: Sequence[str],
        caller: Caller,
    ) -> Run:
        """Promise to provision `wanted`; if that can't be, all is as `before`."""
        order = Order(
            uuid4().hex, self.kept.seal.close(dict(params)), tuple(allow_delete),
            account=self._sealed(caller),
        )  # fmt: skip
        began = now()
        after = replace(
            wanted, state="PROVISIONING", error=None, start_time=began, provisioned=began,
            user=caller.name, order=order,
        )  # fmt: skip
        return self._promise(before, after, order)

    def _sealed(self, caller: Caller) -> str:
        """The credentials of a caller, so that a resumed run has them too; "" without."""
        return self.kept.seal.close(caller.authorization) if caller.authorization else ""

    def _authorization(self, order: Order) -> str:
        return str(self.kept.seal.open(order.account)) if order.account else ""

    def _promise(self, before: Workflow, after: Workflow, order: Order) -> Run:
        """Write a run down, and begin it. Raises `Rejected` 429, and all is as before."""
        put = self.kept.store.put(after)
        try:
            return self._start(put.id, order)
        except TooMany as error:
            self.kept.store.put(replace(before, version=put.version))
            raise Rejected(
                f"Exceeded max simultaneous {order.kind}ing requests: {error.limit}", 429
            ) from None

    def _start(self, workflow_id: str, order: Order, *, resumed: bool = False) -> Run:
        work = self._provision if order.kind == "provision" else self._deprovision
        return self.runs.start(
            workflow_id, order.kind, lambda run: work(run, order), resumed=resumed
        )

    def resume(self) -> Sequence[str]:
        """Go on with what was begun before the last end of a server; the ids."""
        found = [item for item in self.kept.store.all() if item.order is not None]
        for item in found:
            if item.order is not None and self.runs.current(item.id) is None:
                self._start(item.id, item.order, resumed=True)
        return [item.id for item in found]

    def _is_wanted(self, workflow_id: str, order: Order) -> bool:
        """Whether nobody has carried the order out meanwhile."""
        found = self.kept.store.get(workflow_id)
        return found is not None and found.order == order

    def _provision(self, run: Run, order: Order) -> None:
        """The run of `provision` and `reprovision`. What goes wrong is the status's error."""
        error: str | None = None
        try:
            found = self.kept.store.get(run.workflow_id)
            if found is None or found.order != order:
                return
            loaded = self._loaded(found, order)
            done = self._carried_out(run, found, loaded, order)
            if done.interrupted:
                run.outcome = "interrupted"
                return
            error = done.error
        except Rejected as refused:
            error = refused.text
        except FlowplanError as failed:
            if run.resumed and isinstance(failed, LockHeld):
                # Another server is at work on it, and will say what came of it.
                run.outcome = "interrupted"
                return
            error = _failure(failed)
        except Exception:  # noqa: BLE001 a run must not stay PROVISIONING for ever
            _log.exception("provisioning failed", extra=told(workflow_id=run.workflow_id))
            error = "An internal error of flowplan; its log says more."
        run.outcome = "failed" if error else "completed"
        self._end(run.workflow_id, order, error)

    def _loaded(self, workflow: Workflow, order: Order) -> Loaded:
        if workflow.template is None:
            raise Rejected("The template was deleted before its run began.")
        return self.check(self.kept.template_of(workflow), self.kept.seal.open(order.sealed))

    def _carried_out(
        self, run: Run, workflow: Workflow, loaded: Loaded, order: Order
    ) -> Provisioned:
        """Do it. After a power cut the cluster may come back later than we do: wait for it."""
        end = time.monotonic() + self.carrier.settings.patience
        while True:
            try:
                return self.carrier.provision(
                    workflow.id, self.kept.store.backend(workflow.id), loaded,
                    frozenset(order.allow_delete), run.stop,
                    lambda: self._is_wanted(workflow.id, order), self._authorization(order),
                )  # fmt: skip
            except Unreachable:
                if run.stop.requested:
                    return Provisioned(interrupted=True)
                if not run.resumed or time.monotonic() > end:
                    raise
            time.sleep(_PAUSE)

    def _end(self, workflow_id: str, order: Order, error: str | None) -> None:
        state: Provision = "FAILED" if error else "COMPLETED"

        def write(found: Workflow) -> None:
            ended = replace(found, state=state, error=error, end_time=now(), order=None)
            self.kept.store.put(ended)

        self.kept.amend(workflow_id, order, write)

    def deprovision(self, workflow_id: str, allow_delete: Sequence[str], caller: Caller) -> None:
        """Delete what was made, and wait for the end of it. Raises `Rejected` for what is left."""
        with self.kept.turn(workflow_id):
            found = self.kept.store.get(workflow_id)
            if found is None or found.state is None:
                raise Rejected(f"Failed to get workflow state for workflow {workflow_id}", 404)
            if found.state == "PROVISIONING":
                raise Rejected(
                    f"The workflow is being provisioned: {workflow_id}. Deprovision it when its"
                    " state is COMPLETED or FAILED.",
                    409,
                )
            self._see_idle(found)
            order = Order(uuid4().hex, "", tuple(allow_delete), "deprovision", self._sealed(caller))
            run = self._promise(found, replace(found, order=order), order)
        run.wait()
        if run.error is not None:
            raise run.error

    def _deprovision(self, run: Run, order: Order) -> None:
        """The run of `deprovision`; what is left is its error."""
        backend = self.kept.store.backend(run.workflow_id)
        try:
            done = self.carrier.deprovision(
                run.workflow_id, backend, order.allow_delete, run.stop,
                lambda: self._is_wanted(run.workflow_id, order), self._authorization(order),
            )  # fmt: skip
        except FlowplanError as error:
            if not (run.resumed and isinstance(error, LockHeld)):
                self._let_go(run.workflow_id, order)
            run.error = rejected(error)
            return
        except BaseException:
            self._let_go(run.workflow_id, order)
            raise
        if done.interrupted:
            run.outcome = "interrupted"
            run.error = Rejected("The server ended meanwhile; the next one goes on with it.", 503)
            return
        left = resources(done.state)
        run.outcome = "partial" if left else "completed"
        self._reset(run.workflow_id, order, left=bool(left))
        if left:
            run.error = _left_over(left, done.held)

    def _let_go(self, workflow_id: str, order: Order) -> None:
        """Nothing more is done of an order; what was, is in the state."""

        def write(found: Workflow) -> None:
            self.kept.store.put(replace(found, order=None))

        self.kept.amend(workflow_id, order, write)

    def _reset(self, workflow_id: str, order: Order, *, left: bool) -> None:
        """The status after a deprovision: reset, or COMPLETED with what is left."""

        def write(found: Workflow) -> None:
            if left:
                ended = replace(found, state="COMPLETED", error=None, end_time=now(), order=None)
                self.kept.store.put(ended)
            elif found.template is None:
                self.kept.store.remove(found, state=True)
            else:
                self.kept.store.put(_as_new(found))

        self.kept.amend(workflow_id, order, write)


def _as_new(workflow: Workflow) -> Workflow:
    return replace(
        workflow, state="NOT_STARTED", error=None, start_time=None, end_time=None, order=None
    )


def _failure(error: FlowplanError) -> str:
    first = next(item for item in error.diagnostics if item.severity == "error")
    at = f" during step {first.node}" if first.node else ""
    return f"{type(error).__name__}{at}, {one_line(replace(first, node=None))}"


def _left_over(left: Sequence[Mapping[str, Json]], held: frozenset[str]) -> Rejected:
    """The seeds' texts for what is still there: not allowed to go, or refused by the cluster."""
    kept = [item for item in left if item["resource_id"] in held]
    failed = [item for item in left if item["resource_id"] not in held]
    texts = []
    if failed:
        texts.append(f"Failed to deprovision some resources: {named(failed)}.")
    if kept:
        texts.append(held_back(kept))
    return Rejected(" ".join(texts), 202 if failed else 403)
