"""The command to type next, with the flags that this call had."""

from __future__ import annotations

import re
import shlex

from flowplan.cli.flags import Flags
from flowplan.dataclass import replace
from flowplan.errors import Diagnostic
from flowplan.planner.plan import Plan
from flowplan.planner.template import Template

__all__ = [
    "next_after_checks",
    "next_after_drift",
    "next_after_edit",
    "next_after_failure",
    "next_after_plan",
    "next_in_place",
    "repeating",
]

_IMPORT = re.compile(r"flowplan import ([^\n]+)")


def next_after_plan(flags: Flags, plan: Plan, template: Template | None) -> str:
    """What carries the plan out; "" when there is nothing to do."""
    if (plan.empty and not plan.outputs_changed) or plan.not_given:
        # One without its secrets is for reading.
        return ""
    blocked = [change.blocked for change in plan.changes if change.blocked]
    verb = "destroy" if flags.destroy else "apply"
    if flags.out and not blocked:
        return _command("apply", "--plan", flags.out)
    allow = [word for name in blocked for word in ("--allow-delete", name)]
    again = "plan" if flags.out else verb
    destroy = ["--destroy"] if flags.out and flags.destroy else []
    line = _command(again, *_same(flags, template), *_about(flags), *destroy, *allow)
    if not blocked or flags.destroy:
        return line
    if any(change.blocked and change.action == "replace" for change in plan.changes):
        return f"{line}, or undo the change{'s' if len(blocked) > 1 else ''}."
    return f"{line}, or keep {'them' if len(blocked) > 1 else 'the node'}."


def next_after_drift(flags: Flags) -> str:
    """What shows the changes that put drift right, and what takes it over instead."""
    words = [*_same(flags, None), *_about(flags)]
    put_right, accept = _command("plan", *words), _command("apply", "--refresh-only", *words)
    return f"{put_right}, or to accept it: {accept}"


def next_after_failure(flags: Flags, template: Template | None) -> str:
    """What shows the rest of an apply or destroy that did not come to its end."""
    destroy = ["--destroy"] if flags.verb == "destroy" else []
    return _command("plan", *_same(flags, template), *_about(flags), *destroy)


def next_after_checks(flags: Flags) -> str:
    """What asks once more what did not come out as expected."""
    return _command("check", *_same(flags, None))


def next_after_edit(flags: Flags) -> str:
    """What shows that a state which was edited fits its template."""
    return _command("plan", *_same(flags, None))


def next_in_place(flags: Flags, state: str) -> str:
    """The same for a state that is in another place now; `state` has no credentials."""
    return _command("plan", *_same(replace(flags, state=None), None), "--state", state)


def repeating(diagnostic: Diagnostic, flags: Flags) -> Diagnostic:
    """The same, its commands to import with the flags of this call.

    Who says that something can be taken over knows no flags, and gives the command without them.
    """
    hint = _IMPORT.sub(lambda found: _import(found[1], flags), diagnostic.hint)
    return diagnostic if hint == diagnostic.hint else replace(diagnostic, hint=hint)


def _import(rest: str, flags: Flags) -> str:
    words = [word for word in shlex.split(rest) if word != "--"]
    same = _same(replace(flags, argument=None), None)
    if words[0] == "--workflow":
        return _command("import", *same, *words)
    words += [flags.argument] if flags.argument else []
    # One id in 64 begins with a dash.
    end = ["--"] if any(word.startswith("-") for word in words) else []
    return _command("import", *same, *end, *words)


def _same(flags: Flags, template: Template | None) -> list[str]:
    """The flags that say what is worked on."""
    words = [flags.argument] if flags.argument else []
    for name, value in (
        ("--template", flags.template),
        ("--project", flags.project),
        ("-e", flags.env),
        ("--state", flags.state),
        ("--endpoint", flags.endpoint),
    ):
        if value and "@" not in value:  # userinfo of a URL is no thing to print
            words += [name, value]
    for path in flags.params_file:
        words += ["--params-file", path]
    for param in flags.param:
        words += ["-p", _shown(param, template)]
    return words


def _about(flags: Flags) -> list[str]:
    """The flags that say what of it the plan is about."""
    words = ["--refresh-only"] if flags.refresh_only else []
    for name, patterns in (
        ("--target", flags.targets),
        ("--exclude", flags.exclude),
        ("--replace", flags.replace),
    ):
        words += [word for pattern in patterns for word in (name, pattern)]
    return words


def _shown(param: str, template: Template | None) -> str:
    """A param as it was given; its value only where the template says that it is no secret."""
    name, _, value = param.partition("=")
    spec = template.params.get(name) if template else None
    if value.startswith("@") or (spec is not None and not spec.sensitive):
        return param
    return f"{name}=…"


def _command(*words: str) -> str:
    return shlex.join(["flowplan", *words])
