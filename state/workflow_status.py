"""Reads Flow Framework's `_status` bodies: the workflow, its state, and what it made.

There are two shapes of `resources_created`. The older names each resource by a key of its own
(`"connector_id": "…"`), the newer has `resource_type` and `resource_id`; both are in the
documentation's pages "Get a workflow status". `state.status` writes the newer one. This module
must not know where a body comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.errors import StateError

__all__ = ["Created", "WorkflowStatus", "read_status"]

Json: TypeAlias = Any

_STATES = frozenset({"NOT_STARTED", "PROVISIONING", "COMPLETED", "FAILED"})
_ABOUT = frozenset({"workflow_step_name", "workflow_step_id", "resource_type", "resource_id"})


@dataclass(frozen=True, slots=True)
class Created:
    """One entry of `resources_created`: the step's type and node, and its resource."""

    step: str
    node: str
    resource_type: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class WorkflowStatus:
    """A workflow as Flow Framework tells of it; `created` in the order of the body."""

    workflow_id: str
    state: str
    created: tuple[Created, ...] = ()
    error: str | None = None


def read_status(body: Json, source: str) -> WorkflowStatus:
    """The status that `body`, a decoded JSON value, describes; `source` names it in messages.

    Fields that the answer has beside these (times, user, outputs) are left alone. Raises
    `StateError` FP432 naming the field that is missing or of another kind.
    """
    if not isinstance(body, dict):
        raise _no_status(source, "the body is no object")
    state = _text(body, "state", source)
    if state not in _STATES:
        raise _no_status(source, f"state: {state!r} is none of {', '.join(sorted(_STATES))}")
    error = body.get("error")
    if error is not None and not isinstance(error, str):
        raise _no_status(source, "error: text was expected")
    listed = body.get("resources_created", [])
    if not isinstance(listed, list):
        raise _no_status(source, "resources_created: an array was expected")
    created = tuple(_created(item, index, source) for index, item in enumerate(listed))
    return WorkflowStatus(_text(body, "workflow_id", source), state, created, error or None)


def _created(item: Json, index: int, source: str) -> Created:
    place = f"resources_created[{index}]"
    if not isinstance(item, dict):
        raise _no_status(source, f"{place}: an object was expected")
    kind, name = _resource(item, place, source)
    return Created(
        _text(item, "workflow_step_name", source, place),
        _text(item, "workflow_step_id", source, place),
        kind,
        name,
    )


def _resource(item: Mapping[str, Json], place: str, source: str) -> tuple[str, str]:
    """The type and id of an entry, in either shape."""
    if "resource_type" in item or "resource_id" in item:
        return _text(item, "resource_type", source, place), _text(
            item, "resource_id", source, place
        )
    named = sorted(item.keys() - _ABOUT)
    if len(named) != 1:
        found = f"it has {', '.join(named)}" if named else "it has none"
        raise _no_status(
            source, f"{place}: one resource was expected, as resource_type or as a key; {found}"
        )
    return named[0], _text(item, named[0], source, place)


def _text(item: Mapping[str, Json], name: str, source: str, place: str = "") -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        where = f"{place}.{name}" if place else name
        raise _no_status(source, f"{where}: text was expected")
    return value


def _no_status(source: str, problem: str) -> StateError:
    return StateError.of(
        "FP432",
        f"{source} is no status of a workflow",
        f"{problem}.",
        hint="Give the body of GET /_plugins/_flow_framework/workflow/ID/_status.",
    )
