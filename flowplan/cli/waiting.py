"""`--wait-timeout`: a worker does the run, and this process follows it for as long as was said.

Flow Framework's `wait_for_completion_timeout`: whoever is done in time sees the same as without
it; else the status is the answer and the work goes on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flowplan.cli.call import Call
from flowplan.cli.changing import planned, show_and_ask, show_plan
from flowplan.cli.following import Worker, draft_beside, log_path, refuse_elsewhere
from flowplan.cli.order import Order, told_failure
from flowplan.cli.places import placing
from flowplan.cli.running import Done, progress, tell_end
from flowplan.cli.session import Opened
from flowplan.cli.signals import Speaks
from flowplan.dataclass import dataclass, field
from flowplan.planner.binding import fingerprint
from flowplan.planner.events import Event, Listener, Summary
from flowplan.planner.plan import Mode, Plan
from flowplan.planner.plan_data import event_from_json, plan_from_json
from flowplan.render.status import status_text
from flowplan.state.backends import Snapshot
from flowplan.state.status import workflow_status

__all__ = ["apply_elsewhere", "change_elsewhere"]

_COUNTED: Mapping[str | None, str] = {
    "create": "created", "update": "updated", "replace": "replaced", "delete": "deleted",
    "import": "imported",
}  # fmt: skip
Messages = Iterator[Mapping[str, Any] | None]


def change_elsewhere(call: Call, opened: Opened, mode: Mode) -> int:
    """Have a worker plan and carry out; the exit code.

    Whoever wants to be asked is shown a plan that is made without the lock: the worker refuses
    if it comes to another one.
    """
    refuse_elsewhere()
    approved = None
    if not call.flags.auto_approve:
        with placing(opened.workspace.template):
            plan = planned(call, opened, mode, recovering=False)
            show_and_ask(call, opened, plan)
        approved = fingerprint(plan)
    return _elsewhere(call, opened, mode, approved, shown=approved is not None)


def apply_elsewhere(call: Call, opened: Opened, mode: Mode) -> int:
    """Have a worker carry out the saved plan of this call; the exit code."""
    refuse_elsewhere()
    return _elsewhere(call, opened, mode, None, shown=False)


def _elsewhere(call: Call, opened: Opened, mode: Mode, approved: str | None, *, shown: bool) -> int:
    workspace = opened.workspace
    begun = time.monotonic()
    log = log_path(workspace.backend.location, opened.place.sandbox.parent)
    draft = draft_beside(log)
    order = Order(call.flags, mode, workspace.params, approved, str(draft), str(log))
    worker = Worker.start(order)
    following = _Following(call, opened, worker, begun + (call.flags.wait_timeout or 0.0), begun)
    try:
        with _told_that_it_goes_on(call, worker):
            return following.run(shown=shown)
    finally:
        worker.leave()


@contextmanager
def _told_that_it_goes_on(call: Call, worker: Worker) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the waiting, not the work."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and worker.process.poll() is None:
            call.err.line(f"\nNo longer waiting. {_goes_on(call, worker)}")
        raise


def _goes_on(call: Call, worker: Worker) -> str:
    return (
        f"Process {worker.pid} goes on with the {call.flags.verb}.\n"
        "  flowplan status --watch    follows it\n"
        f"  kill {worker.pid:<21} stops it after the steps in flight"
    )


@dataclass(slots=True)
class _Following:
    """One worker followed until its end or the deadline. Times are of `time.monotonic`."""

    call: Call
    opened: Opened
    worker: Worker
    deadline: float
    begun: float
    counts: Counter[str] = field(default_factory=Counter)
    summary: Summary | None = None
    at_work: bool = False
    checking: bool = False

    def run(self, *, shown: bool) -> int:
        """Show what it tells; the exit code."""
        messages = self.worker.messages()
        plan = self._plan(messages)
        if not shown:
            show_plan(self.call, self.opened, plan, asking=False)
        with progress(self.call, plan, self.opened.workspace.template) as (listener, screen):
            ended = self._events(messages, listener, screen)
            if isinstance(ended, Snapshot):
                status = workflow_status(ended.state, provisioning=True)
                listener(Event("summary", summary=self._until_now(ended), status=status))
        if isinstance(ended, Snapshot):
            return self._tell_status(ended, status)
        tell_end(self.call, self.opened, plan, ended.summary)
        return ended.exit_code

    def _plan(self, messages: Messages) -> Plan:
        """What it will do. However short the time: why it does nothing is always told."""
        for message in messages:
            if message is None:
                continue
            if message["kind"] == "plan":
                return plan_from_json(message["plan"])
            self._heard(message, self.call.err)
        raise self.worker.ended_early(changed=False)

    def _heard(self, message: Mapping[str, Any], screen: Speaks) -> None:
        if message["kind"] == "said":
            screen.line(message["text"])
        elif message["kind"] == "failed":
            self.worker.process.wait()
            raise told_failure(message)

    def _events(self, messages: Messages, listener: Listener, screen: Speaks) -> Done | Snapshot:
        """Pass on what happens: what came of it, or the state when the time was up before."""
        for message in messages:
            if message is None:
                pass
            elif message["kind"] == "event":
                self._take(event_from_json(message["event"]), listener)
            elif message["kind"] == "done" and self.summary is not None:
                self.worker.process.wait()
                return Done(self.summary, message["exit_code"])
            else:
                self._heard(message, screen)
            if self.at_work and self.summary is None and time.monotonic() >= self.deadline:
                snapshot = self.opened.workspace.backend.load()
                # Else it is just coming to its end, and what came of it is worth these moments.
                if snapshot.holder is not None and (snapshot.journal_length or self.checking):
                    return snapshot
        raise self.worker.ended_early(changed=bool(self.counts))

    def _take(self, event: Event, listener: Listener) -> None:
        # The first word of a step: from here on the journal tells what is going on.
        self.at_work = self.at_work or event.node is not None
        self.checking = self.checking or event.type.startswith("check_")
        if event.type == "step_completed" and event.action in _COUNTED:
            self.counts[_COUNTED[event.action]] += 1
        self.summary = event.summary or self.summary
        listener(event)

    def _until_now(self, snapshot: Snapshot) -> Summary:
        """The counts of a run that goes on."""
        elapsed_ms = round((time.monotonic() - self.begun) * 1000)
        counts: dict[str, Any] = dict(self.counts)
        return Summary(
            "PROVISIONING", **counts, elapsed_ms=elapsed_ms, serial=snapshot.base_serial,
            changed=bool(self.counts),
        )  # fmt: skip

    def _tell_status(self, snapshot: Snapshot, status: dict[str, Any]) -> int:
        """The seeds' answer when the time is up; scripts have read it in the last line."""
        call = self.call
        if not call.flags.json:
            name = snapshot.state.workflow if snapshot.state else ""
            call.out.line(status_text(status, name, call.look))
        if not call.flags.quiet:
            call.err.line(f"\nThe time is up. {_goes_on(call, self.worker)}")
        return 0
