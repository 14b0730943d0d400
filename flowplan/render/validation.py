"""What `validate` says of a template that is right, and warnings wherever they occur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowplan.errors import Diagnostic
from flowplan.planner.template import Template
from flowplan.render.sanitise import clean
from flowplan.render.screen import Screen

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.plan import Plan

__all__ = ["not_in_place", "valid_document", "valid_text", "warn"]


def valid_text(path: str, template: Template) -> str:
    """`template.yaml is valid: 3 nodes, 1 param.`."""
    params = len(template.params) + len(template.implicit)
    counts = [_count(len(template.nodes), "node"), _count(params, "param")]
    if template.outputs:
        counts.append(_count(len(template.outputs), "output"))
    return f"{clean(path)} is valid: {', '.join(counts)}."


def valid_document(warnings: Sequence[Diagnostic]) -> dict[str, Any]:
    """The diagnostics document with the warnings, and `valid`."""
    # On use, as below: a template without a warning needs none of it.
    from flowplan.render.diagnostics import diagnostics_document

    return {"valid": True, **diagnostics_document(warnings)}


def warn(screen: Screen, warnings: Sequence[Diagnostic]) -> None:
    """Print warnings, if there are any, with a line below them."""
    if warnings:
        from flowplan.render.diagnostics import diagnostics_text

        screen.line(diagnostics_text(warnings, screen.look()) + "\n")


def not_in_place(plan: Plan) -> tuple[Diagnostic, ...]:
    """The diagnostics of a plan without those that its text shows at the node itself."""
    blocked = {change.node for change in plan.changes if change.blocked}
    return tuple(item for item in plan.diagnostics if item.node not in blocked)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
