"""Draw a plan for people: header, changes, what changed outside, outputs, summary, what next.

The summary is last, so it is what a long plan leaves on the screen; unchanged nodes and fields
are counted. Pure: from a `Plan` to text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from flowplan.planner.plan import Drift, NodeChange, OutputChange, Partial, Plan
from flowplan.render.look import Look
from flowplan.render.plan_fields import INDENT, change_text, field_lines
from flowplan.render.sanitise import clean
from flowplan.render.tables import wrapped
from flowplan.render.used_by import used_by_lines
from flowplan.render.values import path_text, value_text

__all__ = [
    "change_lines",
    "drift_lines",
    "no_changes_text",
    "partial_text",
    "plan_text",
    "summary_text",
]

_SYMBOLS = {
    "create": ("+ ", "green"),
    "update": ("~ ", "yellow"),
    "replace": ("+-", "yellow"),
    "delete": ("- ", "red"),
    "import": ("← ", "cyan"),
    "move": ("→ ", "cyan"),
    "forget": (". ", "cyan"),
    "no-op": ("= ", "dim"),
}
_DOING = ("create", "update", "replace", "delete", "import", "move", "forget")
_WIDEST_NODE = 32
_WIDEST_TYPE = 24


def plan_text(plan: Plan, look: Look, *, next_step: str = "") -> str:
    """The whole plan. `next_step` is the command to type next; it stands in the last line.

    A plan that changes nothing, with nothing to report, is one line.
    """
    if plan.empty and not plan.drift and not plan.outputs_changed and not look.verbose:
        return "\n".join(_folded(no_changes_text(plan), look))
    parts = [_header(plan, look), "", *change_lines(plan, look)]
    if plan.drift:
        parts += [*drift_lines(plan, look), ""]
    if plan.outputs_changed:
        parts += [*_outputs(plan.outputs), ""]
    parts += _without(plan)
    if plan.partial is not None:
        parts += _folded(partial_text(plan.partial), look)
    parts += [look.paint("bold", row) for row in _folded(summary_text(plan), look)]
    if next_step:
        parts.append(f"Next: {next_step}")
    return "\n".join(parts)


def _folded(text: str, look: Look) -> list[str]:
    rows = text.split("\n")
    if not look.fold:
        return rows
    return [row for part in rows for row in wrapped(part, look.width, "")]


def no_changes_text(plan: Plan) -> str:
    """The one line of a plan without changes, and how that is known."""
    if plan.mode == "destroy":
        return "No changes. Nothing is left to destroy."
    if plan.mode == "refresh-only":
        return "No changes. The cluster is as it was recorded."
    number = len(plan.changes)
    times = f"{plan.requests:,} request{'' if plan.requests == 1 else 's'}"
    how = f"checked on the cluster in {times}" if plan.checked else "compared with the state only"
    if plan.partial is not None:
        nodes = "node" if number == 1 else f"{number:,} nodes"
        first = f"No changes. There is nothing to do for the selected {nodes} ({how})."
        rows = (first, partial_text(plan.partial), *_without(plan), *_kept(plan))
        return "\n".join(rows)
    what = f"{number:,} resource{'' if number == 1 else 's'} match{'es' if number == 1 else ''}"
    return f"No changes. {what} the template ({how})." + "".join(
        f"\n{line}" for line in (*_without(plan), *_kept(plan))
    )


def _kept(plan: Plan) -> Iterator[str]:
    """What the template asks for and the cluster can't do: it would seem forgotten otherwise."""
    for change in plan.changes:
        for note in change.notes:
            yield f"  {clean(change.node)}: {clean(note)}"


def _without(plan: Plan) -> Iterator[str]:
    """That secrets were not given: the plan would seem to say more than it does."""
    if plan.not_given:
        names = ", ".join(clean(name) for name in plan.not_given)
        yield f"Not given: {names}. What is made of it is taken as unchanged."


def partial_text(partial: Partial) -> str:
    """That the plan is about a part only, and which."""
    flags = [
        *(f"--target {clean(word)}" for word in partial.target),
        *(f"--exclude {clean(word)}" for word in partial.exclude),
    ]
    return f"This is about {partial.nodes:,} of {partial.of:,} nodes only: {' '.join(flags)}."


def summary_text(plan: Plan) -> str:
    """One sentence: `Plan: 3 to create, 1 to delete (blocked), 1 drifted`."""
    counts = plan.summary
    held_back: Counter[str] = Counter(change.action for change in plan.changes if change.blocked)
    parts = []
    for action in _DOING:
        if counts[action]:
            blocked = held_back[action]
            held = " (blocked)" if blocked == counts[action] else ""
            if 0 < blocked < counts[action]:
                held = f" ({blocked:,} blocked)"
            parts.append(f"{counts[action]:,} to {action}{held}")
    if counts["drift"]:
        parts.append(f"{counts['drift']:,} drifted")
    if not parts:
        return "Plan: only outputs change." if plan.outputs_changed else no_changes_text(plan)
    if plan.mode == "refresh-only":
        gone = sum(1 for drift in plan.drift if drift.gone)
        dropped = f" {gone:,} of them {'is' if gone == 1 else 'are'} gone, and dropped from it."
        return f"Plan: {', '.join(parts)}, to be taken into the state.{dropped if gone else ''}"
    if plan.empty:
        return f"No changes: {', '.join(parts)}, left alone."
    return f"Plan: {', '.join(parts)}."


def _header(plan: Plan, look: Look) -> str:
    product = "OpenSearch " if plan.server[:1].isdigit() else ""
    server = f" ({product}{clean(plan.server)})" if plan.server else ""
    left = f"{clean(plan.workflow)} → {clean(plan.endpoint)}{server}"
    serial = f", serial {plan.binding.serial}" if plan.binding.serial else ", not written yet"
    if look.fold and len(left) > look.width:
        left = left.replace(" → ", "\n  → ", 1)
    right = f"state: {clean(plan.state_location)}{serial}" if plan.state_location else ""
    if not right:
        return look.paint("bold", left)
    gap = look.width - len(left) - len(right)
    if gap < 2 or "\n" in left:  # noqa: PLR2004 the two must not touch
        return f"{look.paint('bold', left)}\n{right}"
    return look.paint("bold", left) + " " * gap + right


def change_lines(plan: Plan, look: Look) -> list[str]:
    """The nodes that change, each with its fields, and how many do not."""
    shown = [change for change in plan.changes if look.verbose or change.action != "no-op"]
    nodes = min(max((len(clean(c.node)) for c in shown), default=0), _WIDEST_NODE)
    types = min(max((len(clean(c.type)) for c in shown), default=0), _WIDEST_TYPE)
    lines: list[str] = []
    lone = 0
    for change in shown:
        drawn = _node(change, look, nodes, types)
        if lines and len(drawn) == lone == 1:
            # Nodes of one line each are a list; what has fields stands apart.
            lines.pop()
        lines += [*drawn, ""]
        lone = len(drawn)
    hidden = len(plan.changes) - len(shown)
    if hidden:
        lines += [look.paint("dim", f"    {hidden:,} unchanged"), ""]
    return lines


def _node(change: NodeChange, look: Look, nodes: int, types: int) -> list[str]:
    symbol, style = _SYMBOLS[change.action]
    lead = " +- " if symbol == "+-" else f"  {symbol}"
    name, kind = clean(change.node).ljust(nodes), clean(change.type).ljust(types)
    why = "" if change.action == "no-op" else clean(change.reason)
    id_text = look.id(change.resource_id)
    head = f"{lead}{name}  {kind}  {why}"
    if len(head) + 2 + len(id_text) <= look.width:
        lines = [f"{look.paint(style, lead + name)}  {kind}  {why.ljust(10)}  {id_text}".rstrip()]
    else:
        lines = [f"{look.paint(style, lead + name)}  {kind}  {why}".rstrip()]
        lines += [f"{INDENT}{id_text}"] if id_text else []
    if change.action != "delete" or look.verbose:
        lines += field_lines(change, look)
    if change.unchanged and change.fields and change.action in {"update", "replace"}:
        lines.append(look.paint("dim", f"{INDENT}{change.unchanged:,} more unchanged"))
    silent = change.action in {"update", "replace"} or change.then is not None
    if not change.fields and not look.verbose and silent:
        # No field says what is going to happen, so the steps do.
        lines += [f"{INDENT}{clean(step)}" for step in change.steps]
    if look.verbose:
        lines += [f"{INDENT}{n}. {clean(step)}" for n, step in enumerate(change.steps, 1)]
    lines += used_by_lines(change.used_by, look)
    for note in change.notes:
        lines += wrapped(clean(note), look.width, INDENT)
    if change.blocked:
        lines.append(look.paint("red", f"{INDENT}needs --allow-delete {clean(change.blocked)}"))
    return lines


def drift_lines(plan: Plan, look: Look) -> list[str]:
    """What differs on the cluster, and what this plan does about it."""
    serial = f" since serial {plan.binding.serial}" if plan.binding.serial else ""
    lines = [f"Changed outside flowplan{serial}:"]
    column = min(max(len(clean(drift.node)) for drift in plan.drift), _WIDEST_NODE)
    for drift in plan.drift:
        name = clean(drift.node).ljust(column)
        if plan.mode == "refresh-only":
            lines += _found(drift, name, look)
        else:
            lines += _drifted(drift, name, look)
    return lines


def _found(drift: Drift, name: str, look: Look) -> list[str]:
    """What was found, where no plan does anything about it."""
    if drift.gone:
        return [f"  {name}  {look.paint('yellow', 'deleted on the cluster')}"]
    return [
        f"  {name}  {path_text(field.path)} {change_text(field, look)}"
        + (", not set by the template" if field.left_alone else "")
        for field in drift.fields
    ]


def _drifted(drift: Drift, name: str, look: Look) -> list[str]:
    if drift.gone:
        end = "made again by this plan" if drift.restored else "left alone"
        return [f"  {name}  {look.paint('yellow', 'deleted on the cluster')}: {end}"]
    lines: list[str] = []
    for field in drift.fields:
        kept = field.left_alone or not drift.restored
        end = "not set by the template: left alone" if kept else "put right by this plan"
        text = f"{path_text(field.path)} {change_text(field, look)}"
        joined = f"  {name}  {text}, {end}"
        if len(joined) <= look.width:
            lines.append(joined)
        else:
            lines += [f"  {name}  {text}", f"  {' ' * len(name)}  {end}"]
    return lines


def _outputs(outputs: Mapping[str, OutputChange]) -> Sequence[str]:
    column = max((len(clean(name)) for name in outputs), default=0)
    lines = ["Outputs:"]
    for name, output in outputs.items():
        if output.known and output.before == output.after:
            continue
        lines.append(f"  {clean(name).ljust(column)}  {_output(output)}")
    return lines


def _output(output: OutputChange) -> str:
    if output.sensitive:
        return "(sensitive)"
    after = value_text(output.after) if output.known else "(known after apply)"
    if output.before is None:
        return after
    if output.known and output.after is None:
        after = "(removed)"
    return f"{value_text(output.before)} → {after}"
