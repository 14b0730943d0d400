"""`reindex`: documents copied from one index to another, once.

It must not know what made the indices. Source: `_reindex` and `_tasks` of
OpenSearch 3.6.0, tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.errors import Diagnostic, ProviderError
from flowplan.protocol import (
    Change,
    Cluster,
    InputSpec,
    Json,
    Outputs,
    Record,
    Resource,
    StepSchema,
)
from flowplan.providers.documents import required
from flowplan.providers.normalise import text
from flowplan.providers.step import Step

__all__ = ["STEPS", "Reindex"]

NOT_FOUND = 404
FIRST_POLL, GROWTH, LONGEST_POLL = 0.05, 1.5, 2.0
_PARAMS = ("refresh", "requests_per_second", "require_alias", "slices", "max_docs")

_SCHEMA = StepSchema(
    inputs={
        "source_index": InputSpec(
            ("string", "array"), required=True, set="in_place", reference="index",
            description="Where the documents come from; several indices with commas.",
        ),
        "destination_index": InputSpec(
            ("string",), required=True, set="in_place", reference="index",
            description="Where they go.",
        ),
        "refresh": InputSpec(
            ("boolean", "string"), set="in_place", remove="in_place",
            description="Whether a search sees them at once.",
        ),
        "requests_per_second": InputSpec(
            ("number", "string"), set="in_place", remove="in_place",
            description="How fast; -1, the default, is as fast as it goes.",
        ),
        "require_alias": InputSpec(
            ("boolean", "string"), set="in_place", remove="in_place",
            description="Whether the destination has to be an alias.",
        ),
        "slices": InputSpec(
            ("integer", "string"), set="in_place", remove="in_place",
            description="Into how many parts the work is divided; auto is one a shard.",
        ),
        "max_docs": InputSpec(
            ("integer", "string"), set="in_place", remove="in_place",
            description="How many documents at most.",
        ),
    },
    outputs=("reindex",),
    timeout=10.0,
    listed=("source_index", "destination_index"),
    creates="act",
    description="Copies documents once, and again when its inputs change. A copy that takes "
    "longer than the time limit goes on; the next apply waits for it.",
)  # fmt: skip


class Reindex(Step):
    """A copy of documents. While it runs, its record's id is that of its task."""

    name = "reindex"
    schema = _SCHEMA

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Both names, as Flow Framework gives them."""
        keys = ("source_index", "destination_index")
        if any(key not in inputs for key in keys):
            return {}
        return {"reindex": {key: inputs[key] for key in keys}}

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Start the copy, note its task, and wait for it. Raises `ProviderError` FP363."""
        task = _start(cluster, inputs)
        record(resource_id=task, task_id=task)
        _await(cluster, task)
        return Outputs(self.preview(inputs))

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Wait for the copy that was begun, where nothing changed since; else copy again."""
        begun = resource.resource_id
        if changes or begun is None or not _goes_on(cluster, begun):
            begun = _start(cluster, inputs)
        _await(cluster, begun)
        return Outputs(self.preview(inputs))


def _start(cluster: Cluster, inputs: Mapping[str, Json]) -> str:
    source = inputs["source_index"]
    names = source.split(",") if isinstance(source, str) else [str(item) for item in source]
    body = {
        "source": {"index": names[0] if len(names) == 1 else names},
        "dest": {"index": inputs["destination_index"]},
    }
    params = {key: text(inputs[key]) for key in _PARAMS if inputs.get(key) is not None}
    answer = cluster.request(
        "POST", "/_reindex", body=body, params={"wait_for_completion": "false", **params}
    )
    return required(answer.body, "task", "POST /_reindex")


def _task(cluster: Cluster, task: str) -> Mapping[str, Json] | None:
    """What the cluster knows of a task; None once that is gone."""
    answer = cluster.request("GET", f"/_tasks/{task}", accept=(NOT_FOUND,))
    found = answer.body if isinstance(answer.body, Mapping) else {}
    return None if answer.status == NOT_FOUND else found


def _goes_on(cluster: Cluster, task: str) -> bool:
    """Whether a copy that was begun is at work or well done: else it is begun again."""
    found = _task(cluster, task)
    return found is not None and (not found.get("completed") or not _trouble(found))


def _await(cluster: Cluster, task: str) -> None:
    pause = FIRST_POLL
    while True:
        found = _task(cluster, task)
        if found is None:
            raise _failed("The cluster no longer knows its task: it was started anew meanwhile.")
        if found.get("completed"):
            trouble = _trouble(found)
            if trouble:
                raise _failed(trouble)
            return
        status = (found.get("task") or {}).get("status") or {}
        done = sum(int(status.get(key, 0)) for key in ("created", "updated", "deleted", "noops"))
        cluster.progress(f"copying ({done:,} of {int(status.get('total', 0)):,} documents)")
        cluster.wait(pause)
        pause = min(pause * GROWTH, LONGEST_POLL)


def _trouble(found: Mapping[str, Json]) -> str:
    """Why a task that is over did not do all of it; empty when it did."""
    error = found.get("error")
    if isinstance(error, Mapping):
        return str(error.get("reason") or error.get("type") or error)
    response = found.get("response") or {}
    failures = response.get("failures") or ()
    if failures:
        cause = failures[0].get("cause") or failures[0].get("reason") or {}
        reason = cause.get("reason") if isinstance(cause, Mapping) else cause
        more = f" and {len(failures) - 1} more" if len(failures) > 1 else ""
        return f"{reason}{more}"
    return str(response.get("canceled") or "")


def _failed(why: str) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            "FP363",
            "the documents were not copied, or not all of them",
            why,
            hint="Solve what it names, then run the command again: it copies again.",
        )
    )


STEPS = (Reindex(),)
