"""Draw a generated template and what is said about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.planner.generate_check import Generated
from flowplan.render.look import Look
from flowplan.render.sanitise import clean
from flowplan.render.template_yaml import template_yaml

__all__ = ["generated_text", "generated_yaml"]

_SHOWN = 5


def generated_yaml(generated: Generated, endpoint: str, *, unicode: bool = True) -> str:
    """The template as YAML, with comments that say what it is and what to give."""
    comments: Mapping[str, Sequence[str]] = {
        "": (f"What flowplan import --generate found on {clean(endpoint)}.",),
        "flowplan": _about(generated),
    }
    return template_yaml(generated.document, comments, unicode=unicode)


def _about(generated: Generated) -> Sequence[str]:
    lines = ["Each entry under `imports` is done once an apply has taken it over."]
    if generated.params:
        lines += [
            "The params are what the cluster does not show, or nobody should read in a file: give",
            f"each as FLOWPLAN_PARAM_{generated.params[0]} or -p {generated.params[0]}=@FILE.",
        ]
    return lines


def generated_text(generated: Generated, path: str, look: Look, *, next_step: str) -> str:
    """What was written to `path`, and the command that shows what an apply would do."""
    nodes, params = generated.nodes, len(generated.params)
    counts = f"{nodes:,} node{'' if nodes == 1 else 's'}"
    if params:
        counts += f", {params:,} param{'' if params == 1 else 's'} to give"
    line = f"Wrote {clean(path)}: {counts} (read in {generated.requests:,} requests)."
    lines = [look.paint("bold", line)]
    if params:
        names = ", ".join(f"FLOWPLAN_PARAM_{name}" for name in generated.params[:_SHOWN])
        lines.append(f"Set {names}{' and the others' if params > _SHOWN else ''}.")
    lines.append(f"Next: {next_step}")
    return "\n".join(lines)
