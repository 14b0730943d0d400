"""The step types for people: the document of `steps --format json` as a list."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from flowplan.render.look import Look
from flowplan.render.sanitise import clean

__all__ = ["steps_text"]


def steps_text(document: Mapping[str, Any], look: Look) -> str:
    """One block a type: inputs, outputs, plugins and time limit."""
    return "\n\n".join(_step(name, step, look) for name, step in document.items())


def _step(name: str, step: Mapping[str, Any], look: Look) -> str:
    rows = [
        ("inputs", _listed(step.get("inputs"))),
        ("outputs", _listed(step.get("outputs"))),
        ("plugins", _listed(step.get("required_plugins"))),
        ("timeout", str(step.get("timeout") or "-")),
    ]
    lines = [look.paint("bold", clean(name))]
    for label, text in rows:
        lines += textwrap.wrap(
            clean(text),
            width=look.width,
            initial_indent=f"  {label.ljust(8)} ",
            subsequent_indent=" " * 11,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _listed(names: Sequence[str] | None) -> str:
    return ", ".join(names) if names else "-"
