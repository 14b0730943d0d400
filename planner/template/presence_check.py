"""Checks what `for_each` and `when` name: params, and nothing that is made first.

It must not know what the params are.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowplan.planner.expressions import ExpressionError, references, target
from flowplan.planner.template.model import ALWAYS, Node
from flowplan.planner.template.names import Names
from flowplan.planner.values import Json, Path

__all__ = ["check_presence"]


def check_presence(nodes: Sequence[Node], shown: Sequence[Node], names: Names) -> None:
    """Report names in `for_each` and `when` that can't be known when a plan begins.

    `shown` are the nodes as `outline` has them: with `each` filled in.
    """
    for node, plain in zip(nodes, shown, strict=True):
        if node.presence is ALWAYS:
            continue
        for key, value in (("for_each", plain.presence.items), ("when", plain.presence.when)):
            path = (*node.path, "flowplan", key)
            names.check(value, path)
            _refuse_outputs(value, path, node.id, names)


def _refuse_outputs(value: Json, path: Path, node: str, names: Names) -> None:
    try:
        used = list(references(value, path))
    except ExpressionError:
        return  # reported by `Names.check`
    for reference in used:
        hit = target(reference.name, names.wiring.nodes)
        outputs = names.wiring.outputs(hit[0]) if hit is not None else None
        if hit is not None and hit[1][0] in (outputs or ()):
            names.report.error(
                "FP188",
                f'`{path[-1]}` can\'t use an output of the node "{hit[0]}"',
                reference.at,
                node=node,
                detail="A plan has to know its nodes before anything is made.",
                hint="use a param, and the output in user_inputs",
            )
