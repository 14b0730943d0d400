"""`deploy_model`: a model of another node serves.

An effect on a resource and no resource of its own: its document is the model's. It must not
know how the model came into being.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.protocol import (
    Candidate,
    Change,
    Cluster,
    InputSpec,
    Intent,
    Json,
    Observed,
    Outputs,
    Record,
    Resource,
    StepSchema,
)
from flowplan.providers.deployment import UNDERWAY, deploy, is_deployed, undeploy
from flowplan.providers.registration import VOLATILE, list_models
from flowplan.providers.step import Step

__all__ = ["STEPS", "DeployModel"]

_SCHEMA = StepSchema(
    inputs={
        "model_id": InputSpec(
            ("string",), required=True, reference="model", description="The model to deploy."
        ),
    },
    outputs=("model_id",),
    resource_type="model_id",
    plugins=("opensearch-ml",),
    timeout=15.0,
    listed=("model_id",),
    volatile=VOLATILE,
    creates="effect",
    description="Deploys a model, so that it answers predictions.",
)


class DeployModel(Step):
    """A deployment. Observed is the field `deployed`."""

    name = "deploy_model"
    kind = "model"
    collection = "models"
    schema = _SCHEMA

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The model, and that it is deployed."""
        return {**super().expect(inputs), "deployed": True}

    def observe(
        self, resource_id: str, document: Json | None, inputs: Mapping[str, Json] | None = None
    ) -> Observed | None:
        """Whether the model serves: pending while it is on its way, tainted when that failed."""
        del inputs
        if document is None:
            return None
        state = document.get("model_state")
        fields = {"model_id": resource_id, "deployed": is_deployed(document)}
        if state == "DEPLOY_FAILED":
            return Observed(resource_id, fields, "tainted")
        return Observed(resource_id, fields, "pending" if state in UNDERWAY else "ready")

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """The models."""
        return list_models(cluster)

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """The model, if it is deployed."""
        return {"model_id": resource_id} if is_deployed(document) else None

    def effects(
        self, inputs: Mapping[str, Json], resource_id: str | None
    ) -> frozenset[tuple[str, str]]:
        """The model is deployed."""
        model_id = inputs.get("model_id") or resource_id
        return frozenset({("deployed", model_id)}) if isinstance(model_id, str) else frozenset()

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Deploy it and wait until it serves."""
        model_id = str(inputs["model_id"])
        deploy(cluster, model_id, record, first=True)
        return Outputs({"model_id": model_id}, model_id)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Deploy it again: what was begun is finished, what was undone by hand is put right."""
        model_id = str(resource.resource_id)
        deploy(cluster, model_id)
        return Outputs({"model_id": model_id}, model_id)

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """Undeploy it."""
        undeploy(cluster, str(resource.resource_id))

    def find(self, cluster: Cluster, intent: Intent) -> Sequence[Candidate]:
        """The model itself, if its deployment began."""
        model_id = intent.expected.get("model_id")
        if not isinstance(model_id, str):
            return ()
        document = self.fetch(cluster, [model_id]).get(model_id)
        if document is None or not is_deployed(document):
            return ()
        return (Candidate(model_id, {"model_id": model_id, "deployed": True}),)


STEPS = (DeployModel(),)
