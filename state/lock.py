"""Who holds a lock, and the words for being kept out by it.

Every backend has its own way to hold a lock and shares these. This module must not know
how a lock is taken.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, LockHeld, LockLost, StateError

__all__ = [
    "LockHolder",
    "ci_job",
    "held",
    "here",
    "lost",
    "nothing_held",
    "other_lock",
    "span",
    "still_at_work",
]


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Somebody at work on a state.

    `who` is user@host, `job` the address of the CI job or "", `since` is aware. A holder
    that has not said who it is has an empty `host` and no `pid`.
    """

    id: str
    who: str
    host: str
    pid: int | None
    operation: str
    since: datetime
    job: str = ""
    workflow: str = ""

    def as_json(self) -> dict[str, Any]:
        """The details as they lie beside a lock and in an error; `since` is RFC 3339."""
        return {
            "id": self.id,
            "who": self.who,
            "host": self.host,
            "pid": self.pid,
            "job": self.job,
            "operation": self.operation,
            "since": self.since.astimezone(UTC).isoformat(timespec="seconds"),
            "workflow": self.workflow,
        }

    @classmethod
    def from_json(cls, value: Any) -> LockHolder | None:
        """The holder that `as_json` described, None when this is no such description."""
        try:
            since = datetime.fromisoformat(value["since"])
            texts = {name: str(value[name]) for name in _TEXTS}
            pid = value["pid"]
        except (KeyError, TypeError, ValueError):
            return None
        if since.tzinfo is None or isinstance(pid, bool) or not isinstance(pid, int | None):
            return None
        return cls(**texts, pid=pid, since=since)

    @classmethod
    def unknown(cls) -> LockHolder:
        """A holder of whom only the lock is seen."""
        return cls("", "", "", None, "", datetime.now(UTC))


_TEXTS = ("id", "who", "host", "job", "operation", "workflow")


def here(operation: str, workflow: str = "") -> LockHolder:
    """This process as a holder, from now on."""
    # On first use: only who takes a lock needs a name.
    from getpass import getuser

    host = os.uname().nodename
    try:
        user = getuser()
    except (KeyError, OSError):  # a container's user id often has no name
        user = str(os.getuid())
    return LockHolder(
        id=secrets.token_hex(8),
        who=f"{user}@{host}",
        host=host,
        pid=os.getpid(),
        operation=operation,
        since=datetime.now(UTC),
        job=ci_job(os.environ),
        workflow=workflow,
    )


def ci_job(environment: Mapping[str, str]) -> str:
    """The address of the CI job that runs this, "" outside of one."""
    server, repository, run = (
        environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return environment.get("CI_JOB_URL") or environment.get("BUILD_URL") or ""


def held(location: str, holder: LockHolder, remedy: str, age: float | None = None) -> LockHeld:
    """The error for being kept out; `remedy` says how to get in.

    `age` is how many seconds ago the lock was renewed, None where locks need no renewing.
    """
    return _kept_out("FP501", f"{location} is locked", holder, remedy, age)


def other_lock(location: str, holder: LockHolder, age: float | None = None) -> LockHeld:
    """The error for wanting to release a lock by another id than the one it has."""
    return _kept_out(
        "FP503",
        f"{location} is locked under another id",
        holder,
        f"Its id is {holder.id}. Release it only if that job is dead." if holder.id else "",
        age,
    )


def still_at_work(location: str, holder: LockHolder) -> LockHeld:
    """The error for wanting to release a lock that goes with a process which is alive."""
    end = f"  kill {holder.pid}"
    where = f"On {holder.host}" if holder.host else "Where it runs"
    return _kept_out(
        "FP505",
        f"{location} is locked by a process that is running",
        holder,
        f"{where}, end that process: its lock goes with it, and what it did is recorded.\n{end}",
        None,
    )


def nothing_held(location: str) -> StateError:
    """The error for wanting to release a lock that nobody holds."""
    return StateError.of(
        "FP504",
        f"{location} is not locked",
        "It was given back, or released by somebody else.",
        hint="Run the command that it was in the way of again.",
    )


def lost(location: str, why: str, taker: LockHolder | None = None) -> LockLost:
    """The error for a lock that is no longer ours; `taker` has it now."""
    detail = f"{why[:1].upper()}{why[1:]}." if why else ""
    if taker is not None:
        job = f", job {taker.job}" if taker.job else ""
        detail = f"{taker.who} (process {taker.pid}){job} has it now, for {taker.operation}."
    return LockLost.of(
        "FP502",
        f"the lock on {location} was lost",
        f"{detail} Nothing more is started or written here.".strip(),
        hint="Run the same command again: it finds out what was done until now and goes on.",
    )


def _kept_out(
    code: str, summary: str, holder: LockHolder, remedy: str, age: float | None
) -> LockHeld:
    if holder.pid is None:
        detail = "by    a process that has not said yet who it is"
    else:
        job = f", job {holder.job}" if holder.job else ""
        since = span((datetime.now(UTC) - holder.since).total_seconds())
        renewed = "" if age is None else f", renewed {span(age)} ago"
        detail = (
            f"by    {holder.who} (process {holder.pid}){job}\n"
            f"for   {holder.operation}, since {_clock(holder.since)} ({since}){renewed}"
        )
    diagnostic = Diagnostic("error", code, summary, detail, hint=remedy)
    return LockHeld(diagnostic, holder=holder.as_json())


def _clock(since: datetime) -> str:
    """The local time, with the date unless it is today."""
    local, today = since.astimezone(), datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M:%S")


def span(seconds: float) -> str:
    """A length of time in one unit for people: `40 s`, `3 min`, `5 h`, `2 d`."""
    seconds = max(0, int(seconds))
    for size, unit, below in ((1, "s", 120), (60, "min", 7200), (3600, "h", 172_800)):
        if seconds < below:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} d"
