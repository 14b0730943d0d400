"""Params that are secrets by where they go: into an input that a step's schema calls sensitive.

A plain Flow Framework template declares nothing, so `credential: {key: "${{ openai_key }}"}` is
what says that `openai_key` is a secret. Must not know where values come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flowplan.dataclass import replace
from flowplan.planner.expressions import references
from flowplan.planner.params import Params
from flowplan.planner.template import Template
from flowplan.planner.template.each import EACH, names_behind
from flowplan.planner.values import Sensitive, Unknown

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.workspace import Steps

__all__ = ["declared_secrets", "mark_secrets", "secret_params"]


def declared_secrets(template: Template) -> frozenset[str]:
    """The names of the params that are declared sensitive."""
    return frozenset(name for name, spec in template.params.items() if spec.sensitive)


def secret_params(template: Template, steps: Steps) -> frozenset[str]:
    """The names of all params that are declared sensitive or flow into a sensitive input."""
    found = set(declared_secrets(template))
    for node in template.nodes:
        schema = steps.schema(node.type)
        for name, value in {**template.user_params, **node.user_inputs}.items():
            spec = schema.inputs.get(name) if schema else None
            if spec is not None and spec.sensitive:
                for item in references(value):
                    several = node.presence.several and item.name[0] == EACH
                    used = names_behind(node.presence, item.name) if several else (item.name,)
                    found.update(param for path in used for param in _names(path))
    return frozenset(found)


def _names(path: tuple[str, ...]) -> Iterator[str]:
    """The params that a dotted name may mean: itself, or an object that it is a member of."""
    for length in range(1, len(path) + 1):
        yield ".".join(path[:length])


def mark_secrets(params: Params, secrets: frozenset[str]) -> Params:
    """The same params with those in `secrets` wrapped."""
    values = {
        name: Sensitive(value)
        if name in secrets and not isinstance(value, Sensitive | Unknown)
        else value
        for name, value in params.values.items()
    }
    return replace(params, values=values)
