"""The command to type next, with the flags that this call had."""

from __future__ import annotations

import shlex

from flowplan.cli.flags import Flags
from flowplan.planner.plan import Plan

__all__ = ["next_after_failure", "next_after_plan"]


def next_after_plan(flags: Flags, plan: Plan) -> str:
    """What carries the plan out; "" when there is nothing to do."""
    if plan.empty and not plan.outputs_changed:
        return ""
    blocked = [change.blocked for change in plan.changes if change.blocked]
    verb = "destroy" if flags.destroy else "apply"
    if flags.out and not blocked:
        return _command("apply", "--plan", flags.out)
    allow = [word for name in blocked for word in ("--allow-delete", name)]
    again = "plan" if flags.out else verb
    destroy = ["--destroy"] if flags.out and flags.destroy else []
    line = _command(again, *_same(flags), *destroy, *allow)
    kept = "them" if len(blocked) > 1 else "the node"
    return f"{line}, or keep {kept}." if blocked and not flags.destroy else line


def next_after_failure(flags: Flags) -> str:
    """What shows the rest of an apply or destroy that did not come to its end."""
    destroy = ["--destroy"] if flags.verb == "destroy" else []
    return _command("plan", *_same(flags), *destroy)


def _same(flags: Flags) -> list[str]:
    """The flags that say what is worked on. Params are left out: they may be secret."""
    words = [flags.argument] if flags.argument else []
    for name, value in (
        ("--template", flags.template),
        ("--state", flags.state),
        ("--endpoint", flags.endpoint),
    ):
        if value and "@" not in value:  # userinfo of a URL is no thing to print
            words += [name, value]
    for path in flags.params_file:
        words += ["--params-file", path]
    return words


def _command(*words: str) -> str:
    return shlex.join(["flowplan", *words])
