"""The outputs of a workflow, for people and scripts. A sensitive one is never printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowplan.planner.values import Json
from flowplan.render.sanitise import clean, clean_lines
from flowplan.render.values import SENSITIVE, value_text
from flowplan.state.model import OutputRecord

__all__ = ["bare_value", "output_value", "outputs_document", "outputs_text"]


def outputs_document(outputs: Mapping[str, OutputRecord]) -> dict[str, Any]:
    """CONTRACT `output`: value and sensitive by name."""
    return {
        name: {"value": output_value(output), "sensitive": output.sensitive}
        for name, output in outputs.items()
    }


def outputs_text(outputs: Mapping[str, OutputRecord]) -> str:
    """`name = value` a line."""
    return "\n".join(
        f"{clean(name)} = {value_text(output_value(output))}" for name, output in outputs.items()
    )


def output_value(output: OutputRecord) -> Json:
    """What may be shown of it."""
    return SENSITIVE if output.sensitive else output.value


def bare_value(output: OutputRecord) -> str:
    """For a shell's `$(…)`: a string as it is, anything else as JSON."""
    value = output_value(output)
    return clean_lines(value) if isinstance(value, str) else value_text(value, longest=1 << 62)
