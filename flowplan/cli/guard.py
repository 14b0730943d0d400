"""The one place where errors become messages and exit codes.

It must not know verbs, or flags beyond what an error message needs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from flowplan.cli.early import Early, glance
from flowplan.errors import FlowplanError
from flowplan.render.screen import Screen

__all__ = ["Terminated", "guarded"]

SIGINT_EXIT = 130
SIGTERM_EXIT = 143
INTERNAL_EXIT = 70


class Terminated(BaseException):
    """SIGTERM arrived. Not an `Exception`: nothing on the way may take it for a failure."""


def guarded(words: Sequence[str], text: str | None = None) -> int:
    """Run one command line and return its exit code. Never raises.

    `text` is what it is known to print, though it could not be written at once.
    """
    early = glance(words)
    out = Screen.of(sys.stdout, early.color, os.environ)
    err = Screen.of(sys.stderr, early.color, os.environ)
    if text is None:
        code = _run(words, early, out, err)
    else:
        out.write(text)
        code = 0
    return _flushed(code, out, err)


def _run(words: Sequence[str], early: Early, out: Screen, err: Screen) -> int:
    try:
        with _sigterm_raises():
            from flowplan.cli.plain import plain

            code = plain(words)
            if code is not None:
                return code
            from flowplan.cli.app import run

            return run(words)
    except FlowplanError as error:
        _show(error, early, out, err)
        return error.exit_code
    except KeyboardInterrupt:
        err.line("Interrupted.")
        return SIGINT_EXIT
    except Terminated:
        err.line("Terminated.")
        return SIGTERM_EXIT
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 the last resort: never a traceback to the user
        from flowplan.render.crash import internal_error

        _show(internal_error(error), early, out, err)
        return INTERNAL_EXIT


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    def terminate(_: int, __: FrameType | None) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:  # not the main thread: whoever embeds flowplan has the signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(error: FlowplanError, early: Early, out: Screen, err: Screen) -> None:
    from flowplan.render.failure import show_failure

    show_failure(
        error, verb=early.verb, as_json=early.json, one_line=early.one_line,
        json_into=early.json_into, out=out, err=err,
    )  # fmt: skip


def _flushed(code: int, out: Screen, err: Screen) -> int:
    """Flush stdout while a failure can still be told. A reader that went away is no failure."""
    out.write("")
    if out.failure is None:
        return code
    from flowplan.render.failure import raise_unless_reader_left

    try:
        raise_unless_reader_left(out.failure, code)
    except FlowplanError as error:
        _show(error, Early(), out, err)
        return error.exit_code
    return code
