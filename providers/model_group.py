"""`register_model_group`: a group that models are versions in.

It must not know models, except that they hold a group. The groups that the server makes by
itself belong to the model's step.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowplan.errors import IMPORT, Diagnostic, Refused
from flowplan.protocol import (
    Change,
    Cluster,
    Holder,
    InputSpec,
    Json,
    Outputs,
    Record,
    Resource,
    StepSchema,
)
from flowplan.providers.documents import ROOT, path_to, read_all_documents, required, search
from flowplan.providers.references import looked
from flowplan.providers.registration import implied_groups
from flowplan.providers.step import Step, changed_names

__all__ = ["STEPS", "RegisterModelGroup"]

BAD_REQUEST, NOT_FOUND = 400, 404
TAKEN = "The name you provided is already being used"
ITS_ID = re.compile(r" with ID: (\S+?)\.?(\s|$)")

_SCHEMA = StepSchema(
    inputs={
        "name": InputSpec(
            ("string",), required=True, set="in_place", remove="keep",
            description="Its name, which no other group may have.",
        ),
        "description": InputSpec(
            ("string",), set="in_place", remove="keep", description="A text for people."
        ),
        "backend_roles": InputSpec(
            ("array",), set="in_place", write_only=True,
            description="Who may use it, with the security plugin.",
        ),
        "add_all_backend_roles": InputSpec(
            ("boolean",), set="in_place", write_only=True,
            description="Whether all of your backend roles may use it.",
        ),
        "access_mode": InputSpec(
            ("string",), set="in_place", write_only=True,
            description="public, private or restricted.",
        ),
    },
    outputs=("model_group_id", "model_group_status"),
    resource_type="model_group_id",
    plugins=("opensearch-ml",),
    timeout=10.0,
    listed=("name",),
    volatile=frozenset({"created_time", "last_updated_time", "latest_version"}),
    # Two groups of one name can't be there at a time.
    create_before_destroy=False,
    description="Registers a model group.",
)  # fmt: skip


class RegisterModelGroup(Step):
    """A model group. An empty description counts as none: the server takes both for the same."""

    name = "register_model_group"
    kind = "model_group"
    collection = "model_groups"
    schema = _SCHEMA

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them."""
        return _without_empty(super().expect(inputs))

    def fields(
        self, document: Mapping[str, Json], inputs: Mapping[str, Json] | None
    ) -> Mapping[str, Json]:
        """The document's fields under the names of the inputs."""
        return _without_empty(super().fields(document, inputs))

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """All groups but those that came with a single model and are its own."""
        groups = read_all_documents(cluster, self.collection)
        implied = implied_groups(groups, read_all_documents(cluster, "models"))
        return {key: item for key, item in groups.items() if key not in implied}

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Its name and description."""
        return self.fields(document, None) if "name" in document else None

    def outputs_of(self, resource_id: str) -> Mapping[str, Json]:
        """Its id, and that it is there."""
        return {"model_group_status": "CREATED", "model_group_id": resource_id}

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """POST it. Raises `Refused` FP339 when another group has its name."""
        path = f"{ROOT}/model_groups/_register"
        try:
            body = cluster.request("POST", path, body=dict(inputs)).body
        except Refused as refused:
            raise _explained(refused) from refused
        group_id = required(body, "model_group_id", f"POST {path}")
        record(resource_id=group_id)
        status = str(body.get("status", "CREATED"))
        return Outputs({"model_group_id": group_id, "model_group_status": status}, group_id)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """PUT the changed inputs and read them back."""
        group_id = str(resource.resource_id)
        names = [name for name in changed_names(changes) if name in inputs]
        if names:
            body = {name: inputs[name] for name in names}
            try:
                cluster.request("PUT", path_to("model_groups", group_id), body=body)
            except Refused as refused:
                raise _explained(refused) from refused
            self.check(cluster, group_id, inputs, names)
        return Outputs({**self.outputs_of(group_id), **resource.outputs}, group_id)

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """DELETE it. Raises `Refused` FP314 while models are in it."""
        path = path_to("model_groups", str(resource.resource_id))
        cluster.request("DELETE", path, accept=(NOT_FOUND,))

    def holders(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Sequence[Holder]]:
        """The models in these groups."""
        found: dict[str, list[Holder]] = defaultdict(list)
        for model_id, model in search(cluster, "models", "model_group_id", ids):
            holder = Holder("model", model_id, str(model.get("name", "")), blocks_delete=True)
            found[str(model.get("model_group_id"))].append(holder)
        return found

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """The models in them."""
        return looked(cluster, "models", lambda: self.holders(cluster, [*made]))


def _without_empty(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    return {key: value for key, value in fields.items() if key != "description" or value}


def _explained(refused: Refused) -> Refused:
    if refused.status != BAD_REQUEST or TAKEN not in refused.reason:
        return refused
    found = ITS_ID.search(refused.reason)
    command = f"{IMPORT}{shlex.quote(found[1] if found else 'ID')}"
    diagnostic = Diagnostic(
        "error",
        "FP339",
        "another model group has this name",
        refused.reason,
        hint=f"If it is this node's, take it over:\n  {command}\n"
        "Choose another name, or use that group: give its id as model_group_id.",
    )
    return Refused(diagnostic, status=refused.status, reason=refused.reason)


STEPS = (RegisterModelGroup(),)
