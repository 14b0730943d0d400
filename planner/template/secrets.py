"""Where a template has secrets written out, so that no excerpt of it shows them.

By the schema where a step type is known, and by the names of keys where it is not: a template
with mistakes may have its secrets in the wrong place. It must not know how excerpts are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowplan.pattern import pattern
from flowplan.planner.expressions import contains
from flowplan.planner.template.model import ParamSpec
from flowplan.planner.template.workflow import Workflow
from flowplan.planner.values import Path, leaves
from flowplan.protocol import StepSchema

__all__ = ["secret_params", "secret_paths"]

_SECRET_NAME = pattern(
    r"(?i)credential|secret|passw(or)?d|token|authorization|api[_-]?key|(^|[_-])key$"
)


def secret_paths(
    workflows: Sequence[Workflow], schemas: Mapping[str, StepSchema | None]
) -> Iterator[Path]:
    """The paths of literal secrets in the inputs of these workflows' nodes."""
    for workflow in workflows:
        for draft in workflow.drafts:
            node = draft.node
            schema = schemas.get(node.type)
            for path, value in leaves(node.user_inputs, (*node.path, "user_inputs")):
                if isinstance(value, str) and contains(value):
                    continue
                if _is_secret(path[len(node.path) + 1 :], schema):
                    yield path
            start = (*node.path, "flowplan", "for_each")
            for path, value in leaves(node.presence.items, start):
                if isinstance(value, str) and not contains(value) and _is_secret(path, None):
                    yield path


def secret_params(params: Mapping[str, ParamSpec]) -> Iterator[Path]:
    """The paths of what the declarations of sensitive params tell of their values."""
    for spec in params.values():
        if spec.sensitive:
            yield (*spec.path, "default")
            yield (*spec.path, "enum")


def _is_secret(path: Path, schema: StepSchema | None) -> bool:
    spec = schema.inputs.get(str(path[0])) if schema is not None and path else None
    if spec is not None and spec.sensitive:
        return True
    return any(isinstance(key, str) and _SECRET_NAME.search(key) for key in path)
