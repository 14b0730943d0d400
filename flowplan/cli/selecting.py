"""What a plan is to be about, from the flags: its mode and its selection.

It must not know how patterns are matched.
"""

from __future__ import annotations

from flowplan.cli.flags import Flags
from flowplan.errors import UsageError
from flowplan.planner.plan import Mode
from flowplan.planner.select import Selection

__all__ = ["mode_of", "refuse_selection", "selection_of"]


def mode_of(flags: Flags) -> Mode:
    """The mode of the plan that a call asks for.

    Raises `UsageError` FP269 for flags that contradict each other.
    """
    destroy = flags.destroy or flags.verb == "destroy"
    if flags.refresh_only and destroy:
        raise _apart("--refresh-only", "--destroy", "One changes the state only, one the cluster.")
    if flags.refresh_only and not flags.refresh:
        raise _apart("--refresh-only", "--no-refresh", "One is a look at the cluster, one is none.")
    if flags.replace and (flags.refresh_only or destroy):
        other = "--refresh-only" if flags.refresh_only else "--destroy"
        raise _apart("--replace", other, "What is made anew is a change of an apply.")
    if flags.refresh_only:
        return "refresh-only"
    return "destroy" if destroy else "apply"


def selection_of(flags: Flags) -> Selection:
    """The patterns that were given."""
    return Selection(flags.targets, flags.exclude, flags.replace)


def refuse_selection(flags: Flags) -> None:
    """A saved plan has its own. Raises `UsageError` FP269."""
    given = {
        "--target": flags.targets,
        "--exclude": flags.exclude,
        "--replace": flags.replace,
        "--refresh-only": flags.refresh_only,
    }
    for name, value in given.items():
        if value:
            raise _apart(name, "--plan", "A saved plan is carried out as it was reviewed.")


def _apart(one: str, other: str, why: str) -> UsageError:
    return UsageError.of(
        "FP269", f"{one} and {other} don't go together", why, hint=f"Leave {one} or {other} out."
    )
