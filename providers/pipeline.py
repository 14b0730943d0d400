"""`create_ingest_pipeline` and `create_search_pipeline`: processors under a name.

The cluster takes a second PUT as a new version, so that what is there already has to be looked
for first. It must not know processors or models. Sources: NORMALISATION 5, transcript 07.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.errors import Diagnostic, ProviderError
from flowplan.http_answers import not_understood
from flowplan.protocol import (
    Candidate,
    Change,
    Cluster,
    Holder,
    InputSpec,
    Intent,
    Json,
    Observed,
    Outputs,
    Owned,
    Record,
    Resource,
    StepSchema,
)
from flowplan.providers.index_form import parsed, read_configuration, unreadable
from flowplan.providers.named import chunks, existing, path_to_name, vanished
from flowplan.providers.references import by_id, in_index_settings, in_pipelines
from flowplan.providers.step import Step

__all__ = ["STEPS", "CreatePipeline", "read_pipelines"]

NOT_FOUND = 404
DEFAULTS = {
    "ingest_pipeline": ("index.default_pipeline", "index.final_pipeline"),
    "search_pipeline": ("index.search.default_pipeline",),
}
"""The settings in which an index names a pipeline."""


def _schema(what: str) -> StepSchema:
    return StepSchema(
        inputs={
            "pipeline_id": InputSpec(("string",), required=True, description="Its name."),
            "configurations": InputSpec(
                ("object", "string"), required=True, set="in_place", remove="in_place",
                flaw=unreadable, description="The pipeline's body, as an object or as JSON text.",
            ),
            "model_id": InputSpec(
                ("string",), set="in_place", remove="in_place", write_only=True, local=True,
                reference="model",
                description="A model that it uses. Not sent: it only orders the steps.",
            ),
        },
        outputs=("pipeline_id",),
        resource_type="pipeline_id",
        timeout=10.0,
        listed=("pipeline_id", "configurations"),
        create_before_destroy=False,
        holds_data=True,
        description=f"Creates {what} pipeline. One that is there already is never overwritten.",
    )  # fmt: skip


class CreatePipeline(Step):
    """One kind of pipeline: `base` is the path of its collection, `noun` what people call it."""

    def __init__(self, name: str, kind: str, base: str, article: str) -> None:
        self.name = name
        self.kind = kind
        self.base = base
        self.noun = kind.replace("_", " ")
        self.schema = _schema(article)

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them. Raises `ProviderError` FP360."""
        wanted = {key: inputs[key] for key in ("pipeline_id",) if key in inputs}
        if "configurations" in inputs:
            wanted["configurations"] = read_configuration(inputs["configurations"])
        return wanted

    def comparable(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs with their body as an object, where its text can be read."""
        if "configurations" not in inputs:
            return inputs
        return {**inputs, "configurations": parsed(inputs["configurations"])}

    def fetch(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Json | None]:
        """The pipelines of these names, one request for as many as a URL holds."""
        return read_pipelines(cluster, self.base, ids)

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """All pipelines of this kind; where there is none, the cluster answers 404."""
        found = cluster.request("GET", self.base, accept=(NOT_FOUND,)).body
        if not isinstance(found, Mapping):
            raise not_understood(f"GET {self.base}", "It holds no pipelines.")
        return {name: found[name] for name in sorted(found) if not name.startswith(".")}

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Its name and its body."""
        return {"pipeline_id": resource_id, "configurations": document}

    def observe(
        self, resource_id: str, document: Json | None, inputs: Mapping[str, Json] | None = None
    ) -> Observed | None:
        """The body, exactly as it was posted."""
        del inputs
        if document is None:
            return None
        return Observed(resource_id, {"pipeline_id": resource_id, "configurations": document})

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The name, which the user gave."""
        return {"pipeline_id": inputs["pipeline_id"]} if "pipeline_id" in inputs else {}

    def prepare(
        self, cluster: Cluster, wanted: Mapping[str, Mapping[str, Json]], ours: frozenset[Owned]
    ) -> Mapping[str, Mapping[str, Json]]:
        """Which of them are there already: `{"existed": bool}` by node, where the id is known."""
        names = {
            node: inputs["pipeline_id"]
            for node, inputs in wanted.items()
            if isinstance(inputs.get("pipeline_id"), str)
        }
        found = self.fetch(cluster, list(names.values())) if names else {}
        return {node: {"existed": found[name] is not None} for node, name in names.items()}

    def exclusive(self, inputs: Mapping[str, Json]) -> str | None:
        """The name: of two nodes that want the same one, the second finds it there."""
        return str(inputs.get("pipeline_id", ""))

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Put it. Raises `ProviderError` FP361 when there is one of that name, FP364.

        Not safe to repeat, though a PUT: what becomes of an unclear one is found out by its name,
        since the next apply would take it for somebody else's.
        """
        name = str(inputs["pipeline_id"])
        if set("*,") & set(name):
            raise _unusable(self.noun, name)
        # What was there when looked for may be what this run has just deleted to make it anew.
        if notes.get("existed") is not False and self.fetch(cluster, [name])[name] is not None:
            raise existing(self.noun, name)
        body = dict(read_configuration(inputs["configurations"]))
        cluster.request("PUT", path_to_name(self.base, [name]), body=body, safe=False)
        record(resource_id=name)
        return Outputs({"pipeline_id": name}, name)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Put the whole body, and read it back. Raises `ProviderError` FP333, FP337."""
        del changes
        name = str(resource.resource_id)
        body = dict(read_configuration(inputs["configurations"]))
        put_existing(cluster, self.base, self.noun, name, body)
        return Outputs({"pipeline_id": name}, name)

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """The indices that have one as their default, and the pipelines that call one."""
        found = [*in_index_settings(cluster, DEFAULTS[self.kind], made)]
        if self.kind == "ingest_pipeline":
            found += in_pipelines(cluster, self.kind, made, called)
        return by_id(found)

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """Delete it."""
        path = path_to_name(self.base, [str(resource.resource_id)])
        cluster.request("DELETE", path, accept=(NOT_FOUND,))

    def find(self, cluster: Cluster, intent: Intent) -> Sequence[Candidate]:
        """The pipeline of the wanted name: it was only sent because there was none."""
        name = intent.expected.get("pipeline_id")
        if not isinstance(name, str):
            return ()
        document = self.fetch(cluster, [name])[name]
        if document is None:
            return ()
        return (Candidate(name, {"pipeline_id": name, "configurations": document}),)


def called(body: Json) -> set[str]:
    """The pipelines that the processors of one call, at any depth."""
    if isinstance(body, list):
        return {name for item in body for name in called(item)}
    if not isinstance(body, Mapping):
        return set()
    inner = body.get("pipeline")
    own = {str(inner.get("name"))} if isinstance(inner, Mapping) else set()
    return own.union(*(called(item) for item in body.values()))


def read_pipelines(
    cluster: Cluster, base: str, ids: Sequence[str]
) -> dict[str, Mapping[str, Json] | None]:
    """Pipelines by name, None for what is not there. When none is, the cluster answers 404."""
    found: dict[str, Mapping[str, Json] | None] = dict.fromkeys(ids)
    for names in chunks(ids):
        body = cluster.request("GET", path_to_name(base, names), accept=(NOT_FOUND,)).body
        found |= {name: body[name] for name in names if name in (body or {})}
    return found


def put_existing(
    cluster: Cluster, base: str, noun: str, name: str, body: Mapping[str, Json]
) -> None:
    """Give a pipeline that is there another body. Raises `ProviderError` FP333, FP337."""
    if read_pipelines(cluster, base, [name])[name] is None:
        raise vanished(noun, name)
    cluster.request("PUT", path_to_name(base, [name]), body=dict(body))
    if read_pipelines(cluster, base, [name])[name] != body:
        raise ProviderError(
            Diagnostic(
                "error",
                "FP333",
                f"the cluster accepted a new body of {noun} {name} and ignored it",
                "Read back, it has another body than was sent.",
                hint="Run the command again; if it stays so, somebody else writes it too.",
            )
        )


def _unusable(noun: str, name: str) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            "FP364",
            f"no {noun} can be called {name}",
            "With * or a comma the name stands for several pipelines, so that deleting it would "
            "delete them all.",
            hint="Choose a name without * and commas.",
        )
    )


STEPS = (
    CreatePipeline("create_ingest_pipeline", "ingest_pipeline", "/_ingest/pipeline", "an ingest"),
    CreatePipeline("create_search_pipeline", "search_pipeline", "/_search/pipeline", "a search"),
)
