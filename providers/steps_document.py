"""Step types in the form of Flow Framework's `_steps` answer.

It must not know how it is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowplan.protocol import StepSchema
from flowplan.providers.registry import Registry

__all__ = ["steps_document"]

# Flow Framework names a timeout only where a step has one of its own.
DEFAULT_TIMEOUT = 10.0
MINUTE = 60


def steps_document(registry: Registry, types: Sequence[str] = ()) -> dict[str, Any]:
    """`inputs`, `outputs`, `required_plugins` and `timeout` by type; all types when none is named.

    `inputs` are those that Flow Framework's validator asks for. Raises what `Registry.step` does.
    """
    return {name: _entry(registry.step(name).schema) for name in types or registry.names()}


def _entry(schema: StepSchema) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "inputs": list(schema.listed),
        "outputs": list(schema.outputs),
        "required_plugins": list(schema.plugins),
    }
    if schema.timeout != DEFAULT_TIMEOUT:
        entry["timeout"] = _time(schema.timeout)
    return entry


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, MINUTE)
    return f"{minutes:g}m" if minutes and not rest else f"{seconds:g}s"
