"""Who else uses what a change takes away, in a line below it. Must not know how that is found."""

from __future__ import annotations

from collections.abc import Sequence

from flowplan.planner.plan import User
from flowplan.render.look import Look
from flowplan.render.plan_fields import INDENT
from flowplan.render.sanitise import clean
from flowplan.render.tables import wrapped

__all__ = ["used_by_lines"]

_MOST = 8


def used_by_lines(users: Sequence[User], look: Look) -> list[str]:
    """`used outside this plan by agent support-bot (gL4x…Qz), search pipeline rag`.

    The first few, and how many more: all of them with -v, and in the JSON document.
    """
    if not users:
        return []
    shown = users if look.verbose else users[:_MOST]
    text = ", ".join(_user(user, look) for user in shown)
    if len(users) > len(shown):
        text += f" and {len(users) - len(shown):,} more"
    return wrapped(f"used outside this plan by {text}", look.width, INDENT)


def _user(user: User, look: Look) -> str:
    kind = clean(user.kind.replace("_", " "))
    known = look.id(user.id)
    return f"{kind} {clean(user.name)} ({known})" if user.name else f"{kind} {known}"
