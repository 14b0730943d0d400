"""An internal error as a diagnostic: the traceback goes to a file, never to the user.

The file holds places in flowplan's code and the kinds of the exceptions. It holds no local
variables and, unless FLOWPLAN_TRACEBACK=full, no exception messages: those quote values, and
a value may be a secret.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback

from flowplan import __version__
from flowplan.errors import Diagnostic, FlowplanError

__all__ = ["InternalError", "internal_error"]


class InternalError(FlowplanError):
    """A mistake in flowplan. FP900."""

    exit_code = 70


def internal_error(error: Exception) -> InternalError:
    """Write the traceback to a file and name it."""
    kind = type(error).__name__
    try:
        path = _write(_trace(error, whole=os.environ.get("FLOWPLAN_TRACEBACK") == "full"))
        where = f"The traceback is in {path}. It holds no values of your template or state."
    except OSError as failure:
        where = f"The traceback could not be written: {failure.strerror}."
    return InternalError(
        Diagnostic(
            "error", "FP900", f"internal error ({kind})",
            f"This is a mistake in flowplan, not in your template.\n{where}",
            hint="Report it with that file. What was done so far is in the state; "
            "run flowplan plan to see what is left.",
        )
    )  # fmt: skip


def _write(text: str) -> str:
    handle, path = tempfile.mkstemp(prefix="flowplan-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _trace(error: BaseException, *, whole: bool) -> str:
    head = f"flowplan {__version__}, Python {sys.version.split()[0]}, {platform.platform()}\n"
    chain: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        frames = "".join(traceback.format_tb(step.__traceback__))
        message = f": {step}" if whole else ""
        chain.append(f"\n{frames}{type(step).__module__}.{type(step).__qualname__}{message}\n")
        step = step.__cause__ or step.__context__
    return head + "\ncaused by:\n".join(chain)
