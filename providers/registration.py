"""What registering a remote and a local model have in common.

The inputs that any model has, its deployment, the model group that the server makes by itself
when none is given, and whose that one is. It must not know how a model is registered, or
connectors and agents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, Refused
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
    Resource,
)
from flowplan.providers.deployment import (
    UNDERWAY,
    deploy,
    is_deployed,
    undeploy,
)
from flowplan.providers.documents import path_to, read_all_documents, search
from flowplan.providers.normalise import text
from flowplan.providers.references import by_id, in_agents, in_pipelines
from flowplan.providers.step import Step, changed_names

__all__ = [
    "MODEL_INPUTS",
    "VOLATILE",
    "Registration",
    "implied_groups",
    "list_models",
    "wants_deployment",
]

BAD_REQUEST, NOT_FOUND, CONFLICT = 400, 404, 409
DELETE_TRIES, DELETE_PAUSE = 5, 0.3
DEPLOYING, UPDATE_PAUSE = "Model is deploying", 0.1

VOLATILE = frozenset(
    {
        "auto_redeploy_retry_times", "created_time", "current_worker_node_count",
        "deploy_to_all_nodes", "last_deployed_time", "last_registered_time",
        "last_undeployed_time", "last_updated_time", "model_id", "planning_worker_node_count",
        "planning_worker_nodes",
    }
)  # fmt: skip

MODEL_INPUTS: Mapping[str, InputSpec] = {
    "description": InputSpec(
        ("string",), set="in_place", remove="keep", description="A text for people."
    ),
    "model_group_id": InputSpec(
        ("string",), set="in_place", remove="replace", reference="model_group",
        description="The group that it belongs to.",
    ),
    "deploy": InputSpec(
        ("boolean",), set="in_place", remove="in_place",
        description="Whether it is deployed at once.",
    ),
    "is_enabled": InputSpec(
        ("boolean",), set="in_place", remove="in_place",
        description="Whether it answers predictions; true when absent.",
    ),
    "rate_limiter": InputSpec(
        ("object",), set="in_place", remove="keep",
        description="How many predictions a unit of time: limit, unit.",
    ),
    "deploy_setting": InputSpec(
        ("object",), set="in_place", remove="keep",
        description="Where it is deployed, and after how many idle minutes it is undeployed.",
    ),
    "interface": InputSpec(
        ("object",), set="in_place", remove="keep",
        description="JSON Schemas of input and output.",
    ),
    "guardrails": InputSpec(
        ("object",), set="in_place", description="What may not go in or come out."
    ),
    "model_config": InputSpec(
        ("object",), set="in_place", description="What kind of model it is."
    ),
    "backend_roles": InputSpec(
        ("array",), write_only=True, description="Who may use its automatic group."
    ),
    "add_all_backend_roles": InputSpec(
        ("boolean",), write_only=True,
        description="Whether all of your backend roles may use its automatic group.",
    ),
    "access_mode": InputSpec(
        ("string",), write_only=True,
        description="public, private or restricted, of its automatic group.",
    ),
    "model_node_ids": InputSpec(
        ("array",), write_only=True, description="The nodes that it is deployed on."
    ),
}  # fmt: skip


class Registration(Step):
    """A model. `deploy` is a field of it only where the recorded inputs ask for it."""

    kind = "model"
    collection = "models"

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them."""
        wanted = dict(super().expect(inputs))
        if "function_name" in wanted:
            wanted["function_name"] = str(wanted["function_name"]).upper()
        limiter = wanted.get("rate_limiter")
        if isinstance(limiter, Mapping) and "limit" in limiter:
            wanted["rate_limiter"] = {**limiter, "limit": text(limiter["limit"])}
        setting = wanted.get("deploy_setting")
        if isinstance(setting, Mapping):
            wanted["deploy_setting"] = {"model_ttl_minutes": -1, **setting}
        interface = wanted.get("interface")
        if isinstance(interface, Mapping):
            wanted["interface"] = {key: text(item) for key, item in interface.items()}
        if "deploy" in wanted:
            wanted["deploy"] = wants_deployment(inputs)
        if not wanted.get("deploy", True):
            del wanted["deploy"]
        return wanted

    def fields(
        self, document: Mapping[str, Json], inputs: Mapping[str, Json] | None
    ) -> Mapping[str, Json]:
        """The document's fields, `deploy` only where `inputs` ask for it."""
        found = {**super().fields(document, inputs), "is_enabled": document.get("is_enabled", True)}
        if "algorithm" in document:
            found["function_name"] = document["algorithm"]
        if wants_deployment(inputs or {}):
            found["deploy"] = is_deployed(document)
        return found

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """The models, without the groups that came with them."""
        return list_models(cluster)

    def observe(
        self, resource_id: str, document: Json | None, inputs: Mapping[str, Json] | None = None
    ) -> Observed | None:
        """What the document says; the deployment's trouble counts only where it was asked for."""
        seen = super().observe(resource_id, document, inputs)
        if seen is None or document is None:
            return seen
        state = document.get("model_state")
        if state in ("REGISTERING", "REGISTER_FAILED"):
            return replace(seen, status="pending" if state == "REGISTERING" else "tainted")
        if not wants_deployment(inputs or {}):
            return seen
        if state == "DEPLOY_FAILED":
            return replace(seen, status="tainted")
        return replace(seen, status="pending" if state in UNDERWAY else "ready")

    def outputs_of(self, resource_id: str) -> Mapping[str, Json]:
        """Its id, and that it is there."""
        return {"register_model_status": "CREATED", "model_id": resource_id}

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """The agents and pipelines that use these models."""
        return by_id(
            [
                *in_agents(cluster, made),
                *in_pipelines(cluster, "ingest_pipeline", made),
                *in_pipelines(cluster, "search_pipeline", made),
            ]
        )

    def effects(
        self, inputs: Mapping[str, Json], resource_id: str | None
    ) -> frozenset[tuple[str, str]]:
        """The model is deployed, where `deploy` asks for it."""
        if resource_id is None or not wants_deployment(inputs):
            return frozenset()
        return frozenset({("deployed", resource_id)})

    def prepare(
        self, cluster: Cluster, wanted: Mapping[str, Mapping[str, Json]], ours: frozenset[Owned]
    ) -> Mapping[str, Mapping[str, Json]]:
        """Whether a group of the model's name is there already that is not ours.

        One search for all: `{"group_existed": bool}` by node, for the nodes without a group.
        """
        names = {
            node: inputs["name"]
            for node, inputs in wanted.items()
            if not inputs.get("model_group_id") and isinstance(inputs.get("name"), str)
        }
        if not names:
            return {}
        groups = search(cluster, "model_groups", "name.keyword", list(names.values()))
        foreign = {
            group.get("name") for key, group in groups if Owned("model_group", key) not in ours
        }
        return {node: {"group_existed": name in foreign} for node, name in names.items()}

    def exclusive(self, inputs: Mapping[str, Json]) -> str | None:
        """The name, where the server makes the group: side by side it makes one for each model."""
        return None if inputs.get("model_group_id") else str(inputs.get("name", ""))

    def await_made(self, cluster: Cluster, model_id: str) -> None:
        """Return once the model is registered; a remote one is at once."""

    def came_with(
        self, document: Json, inputs: Mapping[str, Json], notes: Mapping[str, Json]
    ) -> tuple[Owned, ...]:
        """The group that came with the model, where it is ours."""
        if inputs.get("model_group_id") or notes.get("group_existed") is not False:
            return ()
        return _group_of(document)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """PUT the changed inputs and read them back; deploy or undeploy as `deploy` says."""
        model_id = str(resource.resource_id)
        names = changed_names(changes)
        if not changes:
            self.await_made(cluster, model_id)
        # Absent is true, and a PUT can't take a field away.
        wanted = {"is_enabled": True, **inputs}
        body = {name: wanted[name] for name in names if name in wanted and name != "deploy"}
        if body:
            _put(cluster, model_id, body)
            self.check(cluster, model_id, wanted, list(body))
        if wants_deployment(inputs) and (not changes or "deploy" in names):
            deploy(cluster, model_id)
        elif "deploy" in names:
            undeploy(cluster, model_id)
        outputs = {**self.outputs_of(model_id), **resource.outputs}
        return Outputs(outputs, model_id, tuple(resource.owned))

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """Undeploy it where needed, delete it, then the group that came with it.

        Raises `Refused` FP338 when predictions deploy it faster than it can be deleted.
        """
        model_id = str(resource.resource_id)
        if wants_deployment(resource.inputs):
            undeploy(cluster, model_id)
        for attempt in range(DELETE_TRIES):
            try:
                cluster.request("DELETE", path_to("models", model_id), accept=(NOT_FOUND,))
                break
            except Refused as refused:
                if refused.status != BAD_REQUEST or "undeploy" not in refused.reason:
                    raise
                if attempt == DELETE_TRIES - 1:
                    raise _deployed_again(refused, model_id) from refused
            cluster.progress("undeploying, then deleting")
            if attempt:
                cluster.wait(DELETE_PAUSE)
            undeploy(cluster, model_id)
        for owned in resource.owned:
            if owned.kind == "model_group":
                _delete_group(cluster, owned.resource_id)

    def candidate(
        self, resource_id: str, document: Mapping[str, Json], intent: Intent
    ) -> Candidate:
        """One found model. Whether it is deployed yet does not decide if it is the one."""
        found = super().candidate(resource_id, document, intent)
        fields = dict(found.fields)
        if "deploy" in intent.expected:
            fields["deploy"] = intent.expected["deploy"]
        owned = self.came_with(document, intent.expected, intent.notes)
        return replace(found, fields=fields, owned=owned)


def list_models(cluster: Cluster) -> Mapping[str, Mapping[str, Json]]:
    """All models; of one whose group came with it, the group is left out: no input made it."""
    models = read_all_documents(cluster, "models")
    implied = implied_groups(read_all_documents(cluster, "model_groups"), models)
    return {
        model_id: {key: item for key, item in model.items() if key != "model_group_id"}
        if model.get("model_group_id") in implied
        else model
        for model_id, model in models.items()
    }


def implied_groups(
    groups: Mapping[str, Mapping[str, Json]], models: Mapping[str, Mapping[str, Json]]
) -> frozenset[str]:
    """The groups that look as the server makes them: one model, its name and its description."""
    inside: dict[str, list[Mapping[str, Json]]] = {}
    for model in models.values():
        inside.setdefault(str(model.get("model_group_id")), []).append(model)
    return frozenset(
        group_id
        for group_id, group in groups.items()
        if len(inside.get(group_id, ())) == 1
        and all(group.get(key) == inside[group_id][0].get(key) for key in ("name", "description"))
    )


def wants_deployment(inputs: Mapping[str, Json]) -> bool:
    """Whether `deploy` asks for it; Flow Framework takes the text too."""
    return str(inputs.get("deploy", "")).lower() == "true"


def _put(cluster: Cluster, model_id: str, body: Mapping[str, Json]) -> None:
    """Change it, once it is not being deployed: any prediction may have begun that."""
    while True:
        try:
            cluster.request("PUT", path_to("models", model_id), body=dict(body))
        except Refused as refused:
            if refused.status != CONFLICT or DEPLOYING not in refused.reason:
                raise
        else:
            return
        cluster.progress("waiting for its deployment")
        cluster.wait(UPDATE_PAUSE)


def _group_of(document: Json | None) -> tuple[Owned, ...]:
    group = document.get("model_group_id") if isinstance(document, Mapping) else None
    return (Owned("model_group", group),) if isinstance(group, str) and group else ()


def _delete_group(cluster: Cluster, group_id: str) -> None:
    path = path_to("model_groups", group_id)
    answer = cluster.request("DELETE", path, accept=(NOT_FOUND, CONFLICT))
    if answer.status == CONFLICT:
        cluster.note(f"model group {group_id} was left: other models are in it")


def _deployed_again(refused: Refused, model_id: str) -> Refused:
    diagnostic = Diagnostic(
        "error",
        "FP338",
        f"model {model_id} can't be deleted: it is deployed again each time",
        f"{refused.reason}\nAny prediction deploys the model automatically.",
        hint="Stop the clients that predict with it, then run the command again.",
    )
    return Refused(diagnostic, status=refused.status, reason=refused.reason)
