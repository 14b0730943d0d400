"""Saved plans: writing one, reading it, and refusing it when it no longer fits.

A plan file is JSON with the plan, what it is bound to, and where its template is. It has no
secret: sensitive params are resolved again at apply and their digest compared. Must not know
the cluster or how a plan is carried out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, StalePlan, StateError
from flowplan.planner.binding import bind
from flowplan.planner.plan import Binding, Plan
from flowplan.planner.plan_data import plan_from_json, to_json
from flowplan.planner.values import Json, Sensitive, canonical, not_given, reveal
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot

__all__ = ["SavedPlan", "check_fresh", "check_reached", "load", "save"]

FORMAT = "1.0"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read from a file, and what its apply has to find again.

    `template_path`, `state` and `endpoint` are as the plan was made with (absolute where they are
    paths); `params` are the ones that are not sensitive; `project` and `environment` say which
    project file and what of it counted.
    """

    plan: Plan
    template_path: str | None
    state: str
    endpoint: str
    params: Mapping[str, Json]
    project: str | None = None
    environment: str | None = None


def save(
    plan: Plan,
    workspace: Workspace,
    path: Path,
    *,
    project: Path | None = None,
    environment: str | None = None,
) -> None:
    """Write `plan` to `path`, readable by its owner only. Raises `StateError` FP430."""
    template = workspace.template.document.name if workspace.template else None
    document = {
        "format_version": FORMAT,
        "template": str(Path(template).absolute()) if template else None,
        "state": _anywhere(workspace.backend.location),
        "endpoint": workspace.endpoint,
        "project": str(project.absolute()) if project else None,
        "environment": environment,
        "params": _plain_params(workspace),
        "plan": to_json(plan),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        # Not created with other rights first: a plan shows what a template holds.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise StateError.of(
            "FP430", f"the plan can't be written to {path}", str(error.strerror or error)
        ) from None


def _anywhere(location: str) -> str:
    """A state's location as another directory can name it: a URL is one already."""
    return location if "://" in location else str(Path(location).absolute())


def load(path: Path) -> SavedPlan:
    """Read a plan file. Raises `StateError` FP431 when it is none."""
    try:
        document = _document(path.read_text("utf-8"))
        return SavedPlan(
            plan_from_json(document["plan"]),
            document["template"],
            document["state"],
            document["endpoint"],
            document["params"],
            document.get("project"),
            document.get("environment"),
        )
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"it is not a plan that flowplan wrote ({error})"
    raise StateError.of(
        "FP431", f"the plan in {path} can't be read", reason,
        hint="make a new one with: flowplan plan --out FILE",
    )  # fmt: skip


def check_fresh(saved: SavedPlan, workspace: Workspace, snapshot: Snapshot) -> None:
    """Refuse a plan whose template, params or state moved. Raises `StalePlan`, exit 5.

    Called under the lock and before the first write.
    """
    was, now = saved.plan.binding, bind(workspace, snapshot, saved.plan.binding)
    moved = _moved(was, now, first=snapshot.state is None)
    # Digests under different salts say nothing.
    if was.salt == now.salt and was.params != now.params:
        moved.append(_moved_params(saved, now, _plain_params(workspace)))
    if moved:
        raise _stale(moved)


def check_reached(saved: SavedPlan, workspace: Workspace) -> None:
    """See that the cluster answers, and that it is the one the plan was made on.

    The uuid decides where it is known, else the endpoint. Raises `StalePlan`, and
    `ProviderError` FP322 when nothing answers.
    """
    if workspace.connection is None:
        return
    uuid = workspace.steps.describe(workspace.connection.operation()).cluster_uuid
    known = saved.plan.cluster
    same = uuid == known if uuid and known else workspace.endpoint == saved.endpoint
    if not same:
        raise _stale([f"it was made on {saved.endpoint}, this is another cluster"])


def _stale(moved: list[str]) -> StalePlan:
    return StalePlan(
        Diagnostic(
            "error", "FP222", f"the saved plan is stale: {', and '.join(moved)}",
            "It was made for another situation, so carrying it out could do something "
            "that nobody reviewed. Nothing was changed.",
            hint="make and review a new one with: flowplan plan --out FILE",
        )
    )  # fmt: skip


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    if document["format_version"] != FORMAT:
        raise ValueError(f"its format is {document['format_version']}, not {FORMAT}")
    return document


def _moved(was: Binding, now: Binding, *, first: bool) -> list[str]:
    """Everything that is not as it was, as ends of a sentence."""
    if first and was.serial:
        return ["the state is gone"]
    found = []
    if was.lineage != now.lineage:
        found.append(f"the state is another one (lineage {now.lineage}, not {was.lineage})")
    elif was.serial != now.serial:
        found.append(f"the state is at serial {now.serial}, the plan was made at {was.serial}")
    elif was.journal != now.journal:
        found.append("another run has begun since")
    if was.cluster != now.cluster and was.cluster and now.cluster:
        found.append(f"the state belongs to cluster {now.cluster} now, not {was.cluster}")
    if was.template != now.template:
        found.append("the template changed")
    return found


def _moved_params(saved: SavedPlan, now: Binding, plain: Mapping[str, Json]) -> str:
    """Which params have another value, are new or gone; a secret by its digest."""
    sides = ((saved.params, plain), (saved.plan.binding.secrets, now.secrets))
    names = {
        name
        for before, after in sides
        for name in (*before, *after)
        if canonical([before.get(name), name in before])
        != canonical([after.get(name), name in after])
    }
    if not names:
        return "the params changed"
    return f"the param{'s' if len(names) > 1 else ''} {', '.join(sorted(names))} changed"


def _plain_params(workspace: Workspace) -> dict[str, Json]:
    values = workspace.params.values if workspace.params else {}
    return {
        name: reveal(value)
        for name, value in values.items()
        if not isinstance(value, Sensitive) and not not_given(value)
    }
