"""Recorded calls, in the order in which they were made, and which family each belongs to.

A recording is a JSON file `NN-what.json` with `calls`: a name, a request, a response. It must not
know the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLOW_FRAMEWORK = "Flow Framework"
_ML = {
    "connectors": "connectors",
    "models": "models",
    "model_groups": "model groups",
    "agents": "agents",
    "tools": "agents",
    "tasks": "tasks",
    "profile": "models",
    "_predict": "predictions",
}
_OTHER = {"_flow_framework": FLOW_FRAMEWORK, "_ingest": "pipelines", "_search": "pipelines"}
FAMILIES = (
    "connectors",
    "models",
    "predictions",
    "model groups",
    "agents",
    "tasks",
    "indices",
    "pipelines",
    "cluster",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call; `key` is `NN:number`, `text` the request's body as it was sent."""

    key: str
    name: str
    method: str
    path: str
    sent: Any
    text: str
    status: int
    body: Any

    @property
    def family(self) -> str:
        return family(self.path)


def family(path: str) -> str:
    """What a call is about."""
    parts = path.split("?", maxsplit=1)[0].strip("/").split("/")
    if parts[0] == "_plugins" and len(parts) > 2 and parts[1] == "_ml":
        predicts = parts[-1] == "_predict" or parts[2] == "_predict"
        return "predictions" if predicts else _ML.get(parts[2], "cluster")
    if parts[0] == "_plugins":
        return _OTHER.get(parts[1], "cluster")
    if parts[:2] == ["_cat", "indices"] or parts[0] in {"_reindex", "_aliases"}:
        return "indices"
    if parts[0] in _OTHER and len(parts) > 1:
        return _OTHER[parts[0]]
    return "indices" if parts[0] and not parts[0].startswith("_") else "cluster"


def calls(folder: Path) -> Iterator[Call]:
    """All calls of all recordings in a folder."""
    for path in sorted(folder.glob("[0-9][0-9]-*.json")):
        for number, item in enumerate(json.loads(path.read_text("utf-8"))["calls"]):
            yield _call(f"{path.name[:2]}:{number}", item)


def _call(key: str, item: Mapping[str, Any]) -> Call:
    asked, answer = item["request"], item["response"]
    sent = asked.get("body")
    text = asked.get("raw_body")
    if text is None:
        text = "" if sent is None else json.dumps(sent)
    return Call(
        key,
        item["name"],
        asked["method"],
        asked["path"],
        sent,
        text,
        answer["status"],
        answer["body"],
    )
