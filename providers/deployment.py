"""Deploying a model, waiting until it serves, and taking it down again.

Shared by `deploy_model` and by `register_remote_model` with `deploy`. It must not know inputs,
schemas or records.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.errors import Diagnostic, ProviderError, Refused
from flowplan.protocol import Cluster, Json, Record
from flowplan.providers.documents import path_to, search

__all__ = ["DEPLOYED_STATES", "await_deployed", "deploy", "is_deployed", "undeploy"]

DEPLOYED_STATES = frozenset({"DEPLOYED", "DEPLOYING", "PARTIALLY_DEPLOYED"})
UNDERWAY = frozenset({"DEPLOYING", "PARTIALLY_DEPLOYED"})
_FAILED = frozenset({"FAILED", "COMPLETED_WITH_ERROR", "CANCELLED", "EXPIRED"})
NOT_FOUND, CONFLICT = 404, 409
FIRST_POLL, LONGEST_POLL, GROWTH = 0.05, 1.0, 1.5


def is_deployed(model: Mapping[str, Json]) -> bool:
    """Whether a model document serves, is about to, or went to sleep by its own setting.

    A model with a time to live is undeployed when idle and wakes with the next prediction.
    """
    state = model.get("model_state")
    if state in DEPLOYED_STATES:
        return True
    setting = model.get("deploy_setting")
    idle = setting.get("model_ttl_minutes") if isinstance(setting, Mapping) else None
    return state == "UNDEPLOYED" and _positive(idle)


def _positive(value: Json) -> bool:
    try:
        return float(value) > 0
    except (TypeError, ValueError):
        return False


def deploy(cluster: Cluster, model_id: str, record: Record | None = None) -> None:
    """Deploy a model and wait until it serves. Deploying again does no harm.

    Raises `ProviderError` FP331 when the task fails, FP332 when the model does, FP330 when the
    time is up.
    """
    task_id = None
    try:
        # Safe: asked twice, ML Commons answers 200 twice.
        answer = cluster.request("POST", path_to("models", model_id, "_deploy"), safe=True)
        task_id = answer.body.get("task_id") if isinstance(answer.body, Mapping) else None
    except Refused as refused:
        # Under traffic a prediction may be deploying it at this moment: a version conflict.
        if refused.status != CONFLICT:
            raise
    if record is not None:
        record(resource_id=model_id, task_id=task_id)
    await_deployed(cluster, model_id, task_id)


def await_deployed(cluster: Cluster, model_id: str, task_id: str | None = None) -> None:
    """Poll, at first every 50 ms, until the task is done *and* the model serves.

    The answer to a deployment says COMPLETED while its task still runs, so the model is asked.
    """
    pause = FIRST_POLL
    running = task_id is not None
    while True:
        if running and task_id is not None:
            state = _task(cluster, task_id)
            running = state not in {"COMPLETED", ""}
            seen = f"task {state}"
        if not running:
            state = _model(cluster, model_id)
            if state == "DEPLOYED":
                return
            seen = f"model {state}"
        cluster.progress(f"deploying ({seen})")
        cluster.wait(pause)
        pause = min(pause * GROWTH, LONGEST_POLL)


def _task(cluster: Cluster, task_id: str) -> str:
    """The task's state, "" when it is gone (tasks are cleaned up)."""
    answer = cluster.request("GET", path_to("tasks", task_id), accept=(NOT_FOUND,))
    if answer.status == NOT_FOUND or not isinstance(answer.body, Mapping):
        return ""
    state = str(answer.body.get("state", ""))
    if state in _FAILED:
        raise _failed("FP331", f"the deployment's task ended {state}", answer.body.get("error"))
    return state


def _model(cluster: Cluster, model_id: str) -> str:
    body = cluster.request("GET", path_to("models", model_id)).body
    state = str(body.get("model_state", "unknown")) if isinstance(body, Mapping) else "unknown"
    if state == "DEPLOY_FAILED":
        raise _failed("FP332", "the model can't be deployed", _last_error(cluster, model_id))
    return state


def _last_error(cluster: Cluster, model_id: str) -> Json:
    """What the newest failed task of a model says; the model itself doesn't say why."""
    tasks = search(cluster, "tasks", "model_id", [model_id])
    failed = [task for _, task in tasks if task.get("error")]
    newest = max(failed, key=lambda task: task.get("create_time") or 0, default=None)
    return newest.get("error") if newest else None


def _failed(code: str, summary: str, error: Json) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            code,
            summary,
            str(error or "The cluster gives no reason."),
            hint="Solve what it names, then run the command again: only the deployment is redone.",
        )
    )


def undeploy(cluster: Cluster, model_id: str) -> None:
    """Take a model down. Not deployed, or gone, is success."""
    path = path_to("models", model_id, "_undeploy")
    cluster.request("POST", path, safe=True, accept=(NOT_FOUND,))
