"""`undeploy_model`, `delete_model`, `delete_connector`, `delete_agent`: done once, by their order.

For what is not made by the template: its id is written out or comes as a param. What a node of
the template makes goes when the node does, so these steps refuse it (`InputSpec.unmanaged`).
They must not know how such things are made.
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
from flowplan.providers.agent import RegisterAgent
from flowplan.providers.connector import CreateConnector
from flowplan.providers.deployment import undeploy
from flowplan.providers.model import RegisterRemoteModel
from flowplan.providers.step import Step

__all__ = ["STEPS", "DeleteResource", "UndeployModel"]

_INSTEAD = "remove the node {}, and the next apply deletes what it made"
_DELETES = (
    "Deletes {} that no node of the template makes, once: again only when the id changes. "
    "Already gone is success."
)


def _schema(key: str, kind: str, does: str, instead: str, output: str) -> StepSchema:
    return StepSchema(
        inputs={
            key: InputSpec(
                ("string",),
                required=True,
                set="in_place",
                remove="in_place",
                unmanaged=instead,
                reference=kind,
                description=f"The {kind}: one that no node of this template makes.",
            )
        },
        outputs=(output,),
        plugins=("opensearch-ml",),
        timeout=10.0,
        listed=(key,),
        creates="act",
        description=does,
    )


class _Act(Step):
    """Done when the node is new and when its input changes; a destroy undoes nothing."""

    def act(self, cluster: Cluster, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Do it; the outputs. Each type's own."""
        raise NotImplementedError

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Do it."""
        return Outputs(self.act(cluster, inputs))

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Do it again, for what the inputs name now."""
        return Outputs(self.act(cluster, inputs))


class UndeployModel(_Act):
    """A model that is taken down."""

    name = "undeploy_model"
    schema = _schema(
        "model_id",
        "model",
        "Undeploys a model that no node of the template deploys, once: again only when the id "
        "changes. Not deployed, or gone, is success.",
        "leave out what deploys {} instead: its deploy_model node, or `deploy: true`",
        "success",
    )

    def act(self, cluster: Cluster, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Undeploy it."""
        undeploy(cluster, str(inputs["model_id"]))
        return {"success": True}


class DeleteResource(_Act):
    """One thing deleted, as the step type that makes such things deletes it."""

    def __init__(self, name: str, key: str, maker: Step) -> None:
        self.name = name
        self._key, self._maker = key, maker
        kind = maker.kind
        article = "an" if kind[0] in "aio" else "a"
        self.schema = _schema(key, kind, _DELETES.format(f"{article} {kind}"), _INSTEAD, key)

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The id, passed on."""
        return {self._key: inputs[self._key]} if self._key in inputs else {}

    def act(self, cluster: Cluster, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Delete it. Raises what the maker's `delete` raises while something uses it."""
        resource_id = str(inputs[self._key])
        self._maker.delete(cluster, _Stranger(self.name, resource_id))
        return {self._key: resource_id}


class _Stranger:
    """A resource that no record of ours is about."""

    def __init__(self, type_name: str, resource_id: str) -> None:
        self.node = type_name
        self.type = type_name
        self.resource_id = resource_id
        self.inputs: Mapping[str, Json] = {}
        self.outputs: Mapping[str, Json] = {}
        self.owned = ()


STEPS = (
    UndeployModel(),
    DeleteResource("delete_model", "model_id", RegisterRemoteModel()),
    DeleteResource("delete_connector", "connector_id", CreateConnector()),
    DeleteResource("delete_agent", "agent_id", RegisterAgent()),
)
