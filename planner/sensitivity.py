"""Params that are secrets by where they go: into an input that a step's schema calls sensitive.

A plain Flow Framework template declares nothing, so `credential: {key: "${{ openai_key }}"}` is
what says that `openai_key` is a secret. Must not know where values come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flowplan.planner.expressions import references
from flowplan.planner.params import Params
from flowplan.planner.template import Template
from flowplan.planner.values import Sensitive
from flowplan.planner.workspace import Steps

__all__ = ["mark_secrets", "secret_params"]


def secret_params(template: Template, steps: Steps) -> frozenset[str]:
    """The names of all params that are declared sensitive or flow into a sensitive input."""
    found = {name for name, spec in template.params.items() if spec.sensitive}
    for node in template.nodes:
        schema = steps.schema(node.type)
        for name, value in {**template.user_params, **node.user_inputs}.items():
            spec = schema.inputs.get(name) if schema else None
            if spec is not None and spec.sensitive:
                found |= {name for item in references(value) for name in _names(item.name)}
    return frozenset(found)


def _names(path: tuple[str, ...]) -> Iterator[str]:
    """The params that a dotted name may mean: itself, or an object that it is a member of."""
    for length in range(1, len(path) + 1):
        yield ".".join(path[:length])


def mark_secrets(params: Params, secrets: frozenset[str]) -> Params:
    """The same params with those in `secrets` wrapped."""
    values = {
        name: Sensitive(value) if name in secrets and not isinstance(value, Sensitive) else value
        for name, value in params.values.items()
    }
    return replace(params, values=values)
