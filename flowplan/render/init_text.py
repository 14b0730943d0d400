"""Draw what `flowplan init` made and what it left as it was. Pure, from data to text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowplan.render.sanitise import clean

__all__ = ["init_document", "init_text"]


def init_text(directory: Path, files: Mapping[str, bool], next_step: str) -> str:
    """A line for each file, True for those that were made, and what to type next."""
    lines = []
    for name, made in files.items():
        path = clean(str(directory / name))
        lines.append(f"created  {path}" if made else f"kept     {path}, which was there")
    return "\n".join([*lines, f"Next: {clean(next_step)}"])


def init_document(directory: Path, files: Mapping[str, bool], next_step: str) -> dict[str, Any]:
    """The same for scripts: docs/schema/init.json."""
    return {
        "directory": str(directory),
        "files": [
            {"path": str(directory / name), "action": "created" if made else "kept"}
            for name, made in files.items()
        ],
        "next": next_step,
    }
