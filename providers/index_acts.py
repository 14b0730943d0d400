"""`update_index`, `update_ingest_pipeline`, `update_search_pipeline`: a change made once.

For what another tool made and this template only changes. It must not know who made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from flowplan.providers.index_change import bring_about
from flowplan.providers.index_form import canonical, read_configuration
from flowplan.providers.pipeline import put_existing
from flowplan.providers.step import Step

__all__ = ["STEPS"]


def _schema(key: str, kind: str) -> StepSchema:
    what = kind.replace("_", " ")
    return StepSchema(
        inputs={
            key: InputSpec(
                ("string",), required=True, set="in_place", reference=kind,
                unmanaged="change {} instead: its inputs say what the " + what + " is like",
                description=f"The {what} to change, which has to be there.",
            ),
            "configurations": InputSpec(
                ("object", "string"), required=True, set="in_place", remove="in_place",
                description="What it shall have, as an object or as JSON text.",
            ),
        },
        outputs=(key,),
        timeout=10.0,
        listed=(key, "configurations"),
        creates="act",
        description=f"Changes an existing {what} once, and again when its inputs change.",
    )  # fmt: skip


class _Act(Step):
    """What is done when the node is new and when its inputs changed; nothing is kept."""

    key = ""

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The name, which the user gave."""
        return {self.key: inputs[self.key]} if self.key in inputs else {}

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Nothing is read back."""
        return dict(inputs)

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Do it."""
        del record, notes
        self.act(cluster, str(inputs[self.key]), read_configuration(inputs["configurations"]))
        return Outputs({self.key: inputs[self.key]})

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Do it again."""
        del resource, changes
        self.act(cluster, str(inputs[self.key]), read_configuration(inputs["configurations"]))
        return Outputs({self.key: inputs[self.key]})

    def act(self, cluster: Cluster, name: str, body: Mapping[str, Json]) -> None:
        """What this type does."""
        raise NotImplementedError


class UpdateIndex(_Act):
    """Settings, mappings and aliases of an existing index."""

    name = "update_index"
    key = "index_name"
    schema = _schema("index_name", "index")

    def act(self, cluster: Cluster, name: str, body: Mapping[str, Json]) -> None:
        """Send what the index does not have yet. Raises FP333, FP337, FP362."""
        bring_about(cluster, name, canonical(body), {})


class UpdatePipeline(_Act):
    """The whole body of an existing pipeline."""

    key = "pipeline_id"

    def __init__(self, kind: str, base: str) -> None:
        self.noun = kind.replace("_", " ")
        self.name = f"update_{kind}"
        self.base = base
        self.schema = _schema("pipeline_id", kind)

    def act(self, cluster: Cluster, name: str, body: Mapping[str, Json]) -> None:
        """Put it. Raises FP333, FP337."""
        put_existing(cluster, self.base, self.noun, name, body)


STEPS = (
    UpdateIndex(),
    UpdatePipeline("ingest_pipeline", "/_ingest/pipeline"),
    UpdatePipeline("search_pipeline", "/_search/pipeline"),
)
