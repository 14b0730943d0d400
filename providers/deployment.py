"""Deploying a model, waiting until it serves, and taking it down again.

Shared by `deploy_model` and by `register_remote_model` with `deploy`. It must not know inputs,
schemas or records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from flowplan.errors import Diagnostic, ProviderError, Refused
from flowplan.protocol import Cluster, Json, Record
from flowplan.providers.documents import ROOT, path_to, search

__all__ = ["DEPLOYED_STATES", "await_deployed", "deploy", "is_deployed", "undeploy"]

DEPLOYED_STATES = frozenset({"DEPLOYED", "DEPLOYING", "PARTIALLY_DEPLOYED"})
UNDERWAY = frozenset({"DEPLOYING", "PARTIALLY_DEPLOYED"})
_FAILED = frozenset({"FAILED", "COMPLETED_WITH_ERROR", "CANCELLED", "EXPIRED"})
_DOWN = frozenset({"undeployed", "not_found"})
"""What a node says of a model that it doesn't hold any more."""
_OVER = frozenset({"COMPLETED", ""})
"""A task that is done, or gone: tasks are cleaned up."""
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


def deploy(
    cluster: Cluster, model_id: str, record: Record | None = None, *, first: bool = False
) -> None:
    """Deploy a model and wait until it serves. Deploying again does no harm.

    `first` says that it does not serve yet, so that the model alone tells when it does: one
    request instead of two. One that is deployed anew shows DEPLOYED all the while; of that its
    task is asked.

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
    await_deployed(cluster, model_id, task_id, first=first)


def await_deployed(
    cluster: Cluster, model_id: str, task_id: str | None = None, *, first: bool = False
) -> None:
    """Poll, at first every 50 ms, until the task is done *and* the model serves.

    The answer to a deployment says COMPLETED while its task still runs, so the model is asked.
    With `first`, the task is asked only while the model shows no sign of its deployment.
    """
    look = (
        _first_look(cluster, model_id, task_id)
        if first
        else _later_look(cluster, model_id, task_id)
    )
    pause = FIRST_POLL
    while (seen := look()) is not None:
        cluster.progress(f"deploying ({seen})")
        cluster.wait(pause)
        pause = min(pause * GROWTH, LONGEST_POLL)


def _first_look(cluster: Cluster, model_id: str, task_id: str | None) -> Callable[[], str | None]:
    """What is still to wait for, None when nothing is: of a model that didn't serve before."""

    def look() -> str | None:
        state = _state(cluster, model_id)
        if state == "DEPLOYED":
            return None
        if state in UNDERWAY or task_id is None:
            return _see_serving(cluster, model_id, state)
        # What the model shows may be older than the deployment: the task knows.
        running = _task(cluster, task_id)
        if running in _OVER:
            return _see_serving(cluster, model_id, _state(cluster, model_id))
        return f"task {running}"

    return look


def _later_look(cluster: Cluster, model_id: str, task_id: str | None) -> Callable[[], str | None]:
    """The same of a model that may have served all the while."""
    running = task_id

    def look() -> str | None:
        nonlocal running
        if running is not None:
            state = _task(cluster, running)
            if state not in _OVER:
                return f"task {state}"
            running = None
        return _see_serving(cluster, model_id, _state(cluster, model_id))

    return look


def _see_serving(cluster: Cluster, model_id: str, state: str) -> str | None:
    if state == "DEPLOY_FAILED":
        raise _failed("FP332", "the model can't be deployed", _last_error(cluster, model_id))
    return None if state == "DEPLOYED" else f"model {state}"


def _task(cluster: Cluster, task_id: str) -> str:
    """The task's state, "" when it is gone (tasks are cleaned up)."""
    answer = cluster.request("GET", path_to("tasks", task_id), accept=(NOT_FOUND,))
    if answer.status == NOT_FOUND or not isinstance(answer.body, Mapping):
        return ""
    state = str(answer.body.get("state", ""))
    if state in _FAILED:
        raise _failed("FP331", f"the deployment's task ended {state}", answer.body.get("error"))
    return state


def _state(cluster: Cluster, model_id: str) -> str:
    body = cluster.request("GET", path_to("models", model_id)).body
    return str(body.get("model_state", "unknown")) if isinstance(body, Mapping) else "unknown"


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
    """Take a model down. Not deployed, or gone, is success.

    One request takes down all that are asked for at the same time: a node is done with fifty in
    50 ms, and with ten at a time, each asked for alone, in 1 s (measured on OpenSearch 3.6).
    """
    if not cluster.batched("undeploy", model_id, _undeploy_several):
        _undeploy_one(cluster, model_id)


def _undeploy_several(cluster: Cluster, ids: Sequence[str]) -> Collection[str]:
    if len(ids) == 1:
        _undeploy_one(cluster, ids[0])
        return ids
    answer = cluster.request(
        "POST", f"{ROOT}/models/_undeploy", body={"model_ids": list(ids)}, safe=True
    )
    nodes = answer.body.values() if isinstance(answer.body, Mapping) else ()
    stats = [node.get("stats") or {} for node in nodes if isinstance(node, Mapping)]
    return {model_id for each in stats for model_id, said in each.items() if said in _DOWN}


def _undeploy_one(cluster: Cluster, model_id: str) -> None:
    path = path_to("models", model_id, "_undeploy")
    cluster.request("POST", path, safe=True, accept=(NOT_FOUND,))
