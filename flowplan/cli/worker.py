"""The process of an apply or destroy with `--wait-timeout`: it does the run, its caller follows.

It takes the lock itself and runs from the beginning, so the lock's holder is who does the work.
Its order comes through stdin; what it tells goes to its log (`flowplan.cli.order`). It must not
know whether anybody still waits.
"""

from __future__ import annotations

import io
import signal
import sys
from contextlib import suppress
from pathlib import Path

from flowplan.cli.call import Call
from flowplan.cli.changing import locked, planned
from flowplan.cli.order import Order, Teller, read_order
from flowplan.cli.places import placing
from flowplan.cli.running import Done, perform
from flowplan.cli.session import open_workspace
from flowplan.dataclass import replace
from flowplan.errors import FlowplanError, StalePlan
from flowplan.planner.binding import fingerprint
from flowplan.planner.plan import Plan
from flowplan.render.screen import Screen

__all__ = ["main"]

INTERRUPTED = 130


def main() -> int:
    """Do what stdin says; the exit code. Never raises."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Started in the background, SIGINT is ignored unless somebody asks for it.
        signal.signal(number, signal.default_int_handler)
    teller = Teller(sys.stdout)
    order = read_order(sys.stdin.buffer.read())
    try:
        done = _run(order, teller)
    except FlowplanError as error:
        return _failed(teller, error)
    except KeyboardInterrupt:
        return _failed(teller, _told_to_end())
    except Exception as error:  # noqa: BLE001 the last resort, as in flowplan.cli.guard
        from flowplan.render.crash import internal_error

        return _failed(teller, internal_error(error))
    finally:
        with suppress(OSError):
            Path(order.draft).unlink()
    teller.done(done.exit_code)
    return done.exit_code


def _failed(teller: Teller, error: FlowplanError) -> int:
    teller.failed(error)
    return error.exit_code


def _told_to_end() -> FlowplanError:
    error = FlowplanError.of(
        "FP643",
        "the worker was told to end at once",
        "What was done until then is recorded.",
        hint="Run the same command again: it goes on from there.",
    )
    error.exit_code = INTERRUPTED
    return error


def _run(order: Order, teller: Teller) -> Done:
    """The run of `flowplan.cli.changing` and `flowplan.cli.saved`, told instead of shown."""
    # What there is to say while it is opened, the caller has said already.
    silent = Screen(io.StringIO())
    call = Call(order.flags, silent, silent, params=order.params)
    saved = None
    if order.flags.plan_file is not None:
        from flowplan.cli.saved import named

        call, saved = named(call)
    opened = open_workspace(call, mode=order.mode, saved=saved)
    call = replace(call, err=Screen(_Lines(teller)))
    with locked(call, opened, order.mode), placing(opened.workspace.template):
        with suppress(OSError):
            # From here on it is the state's log: nobody else is at work.
            Path(order.draft).replace(order.log)
        if saved is not None:
            from flowplan.cli.saved import check_saved

            check_saved(call, opened, saved)
            plan = saved.plan
        else:
            plan = planned(call, opened, order.mode)
            _see_approved(plan, order.approved)
        teller.plan(plan)
        return perform(call, opened, plan, teller.event, teller, saved=saved is not None)


def _see_approved(plan: Plan, approved: str | None) -> None:
    """Refuse another plan than the one that was said yes to. Raises `StalePlan` FP641."""
    if approved is not None and fingerprint(plan) != approved:
        raise StalePlan.of(
            "FP641",
            "what was approved is no longer what would be done",
            "The template, the state or the cluster changed between the answer and the lock.",
            hint="Run the same command again: it shows the plan as it is now.",
        )


class _Lines(io.StringIO):
    """A screen's stream whose lines are told."""

    def __init__(self, teller: Teller) -> None:
        super().__init__()
        self.teller = teller

    def write(self, text: str) -> int:
        """A screen writes whole lines."""
        self.teller.line(text.rstrip("\n"))
        return len(text)
