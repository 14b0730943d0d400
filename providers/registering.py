"""Waiting for the registration of a local model: its task first, then the model itself.

The cluster downloads such a model in the background; the model's id is known only when the task
is done. It must not know inputs, schemas or records.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.errors import Diagnostic, ProviderError
from flowplan.protocol import Cluster, Json
from flowplan.providers.documents import path_to, required

__all__ = ["NothingMade", "TaskGone", "await_model_id", "await_registered"]

_FAILED = frozenset({"FAILED", "COMPLETED_WITH_ERROR", "CANCELLED", "EXPIRED"})
NOT_FOUND = 404
FIRST_POLL, LONGEST_POLL, GROWTH = 0.05, 2.0, 1.5


class NothingMade(ProviderError):
    """The registration ended and there is no model. FP350."""


class TaskGone(ProviderError):
    """Nobody can tell any more how the registration ended. FP351."""


def await_model_id(cluster: Cluster, task_id: str) -> str:
    """Poll the task, at first every 50 ms, until it is done; the id of the model that it made.

    Raises `NothingMade` FP350 when it fails, `TaskGone` FP351 when there is no such task,
    `ProviderError` FP330 when the time is up.
    """
    pause = FIRST_POLL
    path = path_to("tasks", task_id)
    while True:
        answer = cluster.request("GET", path, accept=(NOT_FOUND,))
        if answer.status == NOT_FOUND or not isinstance(answer.body, Mapping):
            raise _task_gone(task_id)
        state = str(answer.body.get("state", "unknown"))
        if state in _FAILED:
            raise _failed(f"the registration's task ended {state}", answer.body.get("error"))
        if state == "COMPLETED":
            return required(answer.body, "model_id", f"GET {path}")
        cluster.progress(f"registering (task {state})")
        cluster.wait(pause)
        pause = min(pause * GROWTH, LONGEST_POLL)


def await_registered(cluster: Cluster, model_id: str) -> None:
    """Poll the model until it is no longer being registered.

    Raises `ProviderError` FP350 when that failed, FP330 when the time is up.
    """
    pause = FIRST_POLL
    while True:
        body = cluster.request("GET", path_to("models", model_id)).body
        state = body.get("model_state") if isinstance(body, Mapping) else None
        if state == "REGISTER_FAILED":
            raise _failed(f"the registration of model {model_id} failed", None)
        if state != "REGISTERING":
            return
        cluster.progress("registering (model REGISTERING)")
        cluster.wait(pause)
        pause = min(pause * GROWTH, LONGEST_POLL)


def _failed(summary: str, error: Json) -> NothingMade:
    return NothingMade(
        Diagnostic(
            "error",
            "FP350",
            summary,
            str(error or "The cluster gives no reason."),
            hint="Correct name, version, model_format or url as it says, then run the command "
            "again.",
        )
    )


def _task_gone(task_id: str) -> TaskGone:
    return TaskGone(
        Diagnostic(
            "error",
            "FP351",
            f"the registration's task {task_id} is gone",
            "Tasks are cleaned up after a while, or somebody deleted it: whether the model was "
            "registered is not known.",
            hint="Run the command again: it looks for the model by its name.",
        )
    )
