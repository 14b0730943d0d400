"""The workflow's status, drawn from the document that the state gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flowplan.render.look import Look
from flowplan.render.sanitise import clean, clean_lines
from flowplan.render.tables import table
from flowplan.render.values import value_text

__all__ = ["status_text"]

_STYLES = {"COMPLETED": "bold green", "FAILED": "bold red", "PROVISIONING": "bold yellow"}


def status_text(document: Mapping[str, Any], name: str, look: Look) -> str:
    """`document` as CONTRACT `status` describes it; `name` is the workflow's. Ids are whole."""
    state = str(document["state"])
    head = f"{clean(name)}: " if name else ""
    lines = [head + look.paint(_STYLES.get(state, "bold"), state)]
    if document.get("workflow_id"):
        lines.append(f"workflow_id  {clean(str(document['workflow_id']))}")
    lines += [
        f"{key.split('_')[1].ljust(11)}  {_time(document[key])}"
        for key in ("provision_start_time", "provision_end_time")
        if document.get(key) is not None
    ]
    if document.get("error"):
        lines += ["", *clean_lines(str(document["error"])).split("\n")]
    resources = document.get("resources_created") or []
    if resources:
        rows = [
            [str(row.get(key, "")) for key in
             ("workflow_step_id", "workflow_step_name", "resource_type", "resource_id")]
            for row in resources
        ]  # fmt: skip
        lines += ["", *table(rows, indent=2)]
    outputs = document.get("user_outputs") or {}
    if outputs:
        lines += ["", *(f"{clean(key)} = {value_text(value)}" for key, value in outputs.items())]
    return "\n".join(lines)


def _time(milliseconds: Any) -> str:
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return clean(str(milliseconds))
