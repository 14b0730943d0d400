"""`register_remote_model`: a model that a connector leads to.

It must not know connectors or agents beyond their ids.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.protocol import Cluster, InputSpec, Json, Outputs, Record, StepSchema
from flowplan.providers.deployment import await_deployed
from flowplan.providers.documents import ROOT, required
from flowplan.providers.registration import (
    MODEL_INPUTS,
    VOLATILE,
    Registration,
    wants_deployment,
)

__all__ = ["STEPS", "RegisterRemoteModel"]

_SCHEMA = StepSchema(
    inputs={
        "name": InputSpec(
            ("string",), required=True, set="in_place", remove="keep",
            description="Its name. A model group of that name is made when none is given.",
        ),
        "connector_id": InputSpec(
            ("string",), required=True, set="in_place", reference="connector",
            description="The connector that leads to it.",
        ),
        "function_name": InputSpec(("string",), description="remote, which is the default."),
        **MODEL_INPUTS,
    },
    outputs=("model_id", "register_model_status"),
    resource_type="model_id",
    plugins=("opensearch-ml",),
    timeout=10.0,
    listed=("name", "connector_id"),
    volatile=VOLATILE,
    description="Registers a model that runs outside the cluster.",
)  # fmt: skip


class RegisterRemoteModel(Registration):
    """A remote model."""

    name = "register_remote_model"
    schema = _SCHEMA

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them."""
        return super().expect({"function_name": "remote", **inputs})

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Its inputs, when it is a remote model with a connector of its own name."""
        found = dict(self.fields(document, None))
        if found.get("function_name") != "REMOTE" or not found.get("connector_id"):
            return None
        if found["is_enabled"] is True:
            del found["is_enabled"]
        setting = found.get("deploy_setting")
        if isinstance(setting, Mapping) and setting.get("model_ttl_minutes") == -1:
            found["deploy_setting"] = {
                key: item for key, item in setting.items() if key != "model_ttl_minutes"
            }
        return {
            "name": found.pop("name", ""), "function_name": "remote",
            **{key: value for key, value in found.items()
               if key != "function_name" and value != {}},
        }  # fmt: skip

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Register it, and deploy it if that is wanted."""
        path = f"{ROOT}/models/_register"
        deployed = wants_deployment(inputs)
        body = {"function_name": "remote", **{k: v for k, v in inputs.items() if k != "deploy"}}
        # In the body `deploy` is ignored; it is a query parameter.
        params = {"deploy": "true"} if deployed else None
        answer = cluster.request("POST", path, body=body, params=params)
        model_id = required(answer.body, "model_id", f"POST {path}")
        record(resource_id=model_id, task_id=answer.body.get("task_id"))
        if deployed:
            await_deployed(cluster, model_id)
        status = str(answer.body.get("status", "CREATED"))
        return Outputs({"model_id": model_id, "register_model_status": status}, model_id)


STEPS = (RegisterRemoteModel(),)
