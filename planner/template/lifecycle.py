"""Reads the lifecycle settings under a node's `flowplan` key.

It must not know step types or other nodes (`lifecycle_check.py`), states or clusters: what the
settings do to a plan is `planner.lifecycle`.
"""

from __future__ import annotations

from typing import Final

from flowplan.planner.template.fields import Fields, wrong_type
from flowplan.planner.template.formats import seconds
from flowplan.planner.template.model import Lifecycle
from flowplan.planner.template.paths import input_path
from flowplan.planner.values import Path

__all__ = ["LIFECYCLE_KEYS", "read_lifecycle"]

LIFECYCLE_KEYS: Final = (
    "prevent_destroy", "ignore_changes", "create_before_destroy", "keep_id",
    "replace_triggered_by", "timeout", "retries",
)  # fmt: skip
MOST_RETRIES = 20


def read_lifecycle(fields: Fields, node_timeout: float | None) -> Lifecycle:
    """The settings in a node's `flowplan`; what can't be read is reported and left out.

    `node_timeout` is the time limit in seconds that `user_inputs` has, if it has one.
    """
    value = fields.value
    ignored = _ignored(fields)
    return Lifecycle(
        prevent_destroy=fields.flag("prevent_destroy"),
        ignore_changes=ignored,
        create_before_destroy=(
            fields.flag("create_before_destroy") if "create_before_destroy" in value else None
        ),
        keep_id=fields.flag("keep_id"),
        replace_triggered_by=_texts(fields, "replace_triggered_by", "a node, or one of its inputs"),
        timeout=_timeout(fields, node_timeout),
        retries=_retries(fields),
    )


def _texts(fields: Fields, key: str, what: str) -> tuple[str, ...]:
    found = []
    for index, item in enumerate(fields.items(key)):
        if isinstance(item, str) and item.strip():
            found.append(item)
            continue
        path = (*fields.path, key, index)
        wrong_type(fields.report, what, "a string", item, path, fields.node)
    return tuple(found)


def _ignored(fields: Fields) -> tuple[Path, ...]:
    """The paths of `ignore_changes`; `all` is the empty path, which leads to everything."""
    if fields.value.get("ignore_changes") == "all":
        return ((),)
    found: list[Path] = []
    for index, text in enumerate(_texts(fields, "ignore_changes", "a path of an input")):
        path = input_path(text)
        if path is None:
            fields.report.error(
                "FP176",
                f'"{text}" is not the path of an input',
                (*fields.path, "ignore_changes", index),
                node=fields.node,
                hint="write it as description, parameters.model or actions[0].url; "
                'a key with a dot in it as parameters["a.b"]',
            )
        else:
            found.append(path)
    return tuple(found)


def _timeout(fields: Fields, node_timeout: float | None) -> float | None:
    value = fields.value.get("timeout")
    if "timeout" not in fields.value:
        return None
    found = seconds(value) if isinstance(value, str) else None
    if found is None:
        fields.report.error(
            "FP175",
            "`timeout` is not a time",
            (*fields.path, "timeout"),
            node=fields.node,
            detail="It is a string of a whole number and a unit.",
            hint='write it as "20s", "5m" or "500ms", or "0" for no limit',
        )
    elif node_timeout is not None and node_timeout != found:
        fields.report.error(
            "FP178",
            "`timeout` and `user_inputs.node_timeout` are two different time limits",
            (*fields.path, "timeout"),
            node=fields.node,
            detail="Both set the time limit of the step.",
            hint="remove one of them",
        )
    return found


def _retries(fields: Fields) -> int:
    value = fields.value.get("retries", 0)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_RETRIES:
        return value
    fields.report.error(
        "FP175",
        f"`retries` must be a whole number from 0 to {MOST_RETRIES}",
        (*fields.path, "retries"),
        node=fields.node,
        detail="It says how many times a failed step is tried again in the same run.",
        hint="write a number",
    )
    return 0
