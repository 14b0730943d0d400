"""What a worker is told to do, and what it tells: the two sides of `--wait-timeout` share this.

The order goes through a pipe, since it has secrets; what the worker tells is in its log, a JSON
object a line, and has none. This module must not know who starts or follows whom.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TextIO

from flowplan.cli.flags import Flags
from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic, FlowplanError, PlanError, TemplateError
from flowplan.planner.events import Event
from flowplan.planner.params import Params
from flowplan.planner.plan import Mode, Plan
from flowplan.planner.plan_data import to_json
from flowplan.planner.values import Sensitive, reveal

__all__ = ["Order", "Teller", "read_order", "told_failure", "write_order"]


@dataclass(frozen=True, slots=True)
class Order:
    """A run: the flags it was called with, and the plan's mode.

    `params` are None where no template is worked on; `approved` is the fingerprint of the plan
    that somebody said yes to, None where no question is asked. `log` is where the worker's words
    are kept once it has the lock; until then they are in `draft`.
    """

    flags: Flags
    mode: Mode
    params: Params | None
    approved: str | None
    draft: str
    log: str


def write_order(order: Order) -> bytes:
    """The order as it goes through the pipe, secrets and all."""
    params = order.params
    handed = None
    if params is not None:
        hidden = [name for name, value in params.values.items() if isinstance(value, Sensitive)]
        handed = {"values": reveal(params.values), "sensitive": hidden}
    # What the params came from is told by their values.
    flags = replace(order.flags, param=(), params_file=(), wait_timeout=None, json_into=None)
    document = {
        "flags": asdict(flags), "mode": order.mode, "params": handed,
        "approved": order.approved, "draft": order.draft, "log": order.log,
    }  # fmt: skip
    return json.dumps(document).encode()


def read_order(data: bytes) -> Order:
    """The order that `write_order` wrote."""
    document = json.loads(data)
    return Order(
        _flags(document["flags"]), document["mode"], _params(document["params"]),
        document["approved"], document["draft"], document["log"],
    )  # fmt: skip


def _flags(data: Mapping[str, Any]) -> Flags:
    typed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    return Flags(**typed)


def _params(data: Mapping[str, Any] | None) -> Params | None:
    if data is None:
        return None
    values = {
        name: Sensitive(value) if name in data["sensitive"] else value
        for name, value in data["values"].items()
    }
    return Params(values)


class Teller:
    """Tells, a line a message, into the log. A log that can't be written stops nobody.

    The messages: `said` a text for people, `plan` what will be done, `event` while it is done,
    and at the end either `done` with the exit code, or `failed` with diagnostics, too.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.progress: dict[str | None, str] = {}

    def line(self, text: str = "", /) -> None:
        """Something for people."""
        self._write("said", text=text)

    def plan(self, plan: Plan) -> None:
        """What will be done now."""
        self._write("plan", plan=to_json(plan))

    def event(self, event: Event) -> None:
        """What is done; a task that is asked after again and again is told of once."""
        if event.type == "step_progress":
            if self.progress.get(event.node) == event.text:
                return
            self.progress[event.node] = event.text
        self._write("event", event=to_json(event))

    def done(self, exit_code: int) -> None:
        """The end."""
        self._write("done", exit_code=exit_code)

    def failed(self, error: FlowplanError) -> None:
        """The end, before it was done."""
        self._write(
            "failed",
            exit_code=error.exit_code,
            diagnostics=to_json(error.diagnostics),
            refused=isinstance(error, TemplateError | PlanError),
        )

    def _write(self, kind: str, **data: Any) -> None:
        try:
            self.stream.write(json.dumps({"kind": kind, **data}) + "\n")
            self.stream.flush()
        except OSError:
            return


def told_failure(message: Mapping[str, Any]) -> FlowplanError:
    """The error that `Teller.failed` told, as good as the first one for whoever shows it."""
    kind = PlanError if message["refused"] else FlowplanError
    error = kind(*(Diagnostic(**item) for item in message["diagnostics"]))
    error.exit_code = message["exit_code"]
    return error
