"""`create_connector`: the way from the cluster to a model that runs elsewhere.

It must not know models, except that they hold a connector. Sources: FACTS "ML Commons" and
NORMALISATION 1 of the measurements that the sandbox is built on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, InUse, Refused
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
    Unshown,
)
from flowplan.providers.deployment import DEPLOYED_STATES
from flowplan.providers.documents import ROOT, path_to, required, search
from flowplan.providers.normalise import (
    chosen_config,
    client_config,
    connector_actions,
    credential_names,
    text,
    texts,
)
from flowplan.providers.references import by_id, in_agents, looked
from flowplan.providers.step import Step, changed_names

__all__ = ["STEPS", "CreateConnector"]

BAD_REQUEST, NOT_FOUND, CONFLICT = 400, 404, 409
IN_USE = "models are still using this connector"

_SCHEMA = StepSchema(
    inputs={
        "name": InputSpec(
            ("string",), required=True, set="in_place", remove="keep",
            description="Its name. Several connectors may have the same.",
        ),
        "description": InputSpec(
            ("string",), set="in_place", remove="keep", description="A text for people."
        ),
        "version": InputSpec(
            ("string", "number", "integer"), required=True, set="in_place", remove="keep",
            description="The connector's version, a text of your own.",
        ),
        "protocol": InputSpec(
            ("string",), required=True,
            description="http, aws_sigv4, mcp_sse or mcp_streamable_http.",
        ),
        "parameters": InputSpec(
            ("object",), set="in_place", merge=True,
            description="Values for ${parameters.NAME} in the actions. The server keeps texts.",
        ),
        "credential": InputSpec(
            ("object",), required=True, sensitive=True, set="in_place", merge=True,
            write_only=True, description="Values for ${credential.NAME}. Never read back.",
        ),
        "actions": InputSpec(
            ("array",), required=True, set="in_place",
            description="What is called: action_type, method, url, headers, request_body.",
        ),
        "client_config": InputSpec(
            ("object",), set="in_place", description="Time limits and retries of the HTTP client."
        ),
        "url": InputSpec(
            ("string",), set="in_place", write_only=True, description="The server of an MCP tool."
        ),
        "headers": InputSpec(
            ("object",), sensitive=True, set="in_place", write_only=True,
            description="Headers for the server of an MCP tool.",
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
    outputs=("connector_id",),
    resource_type="connector_id",
    plugins=("opensearch-ml",),
    deleted_after=frozenset({"model"}),
    updated_when_idle=True,
    timeout=60.0,
    listed=(
        "version", "parameters", "credential", "actions", "protocol", "description", "name",
    ),
    volatile=frozenset({"created_time", "last_updated_time"}),
    description="Creates a connector to a service that runs a model.",
)  # fmt: skip


class CreateConnector(Step):
    """A connector. Its secrets are sent and never come back."""

    name = "create_connector"
    kind = "connector"
    collection = "connectors"
    schema = _SCHEMA

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them: texts, upper-case action types, filled-in defaults."""
        wanted = dict(super().expect(inputs))
        if "parameters" in wanted:
            wanted["parameters"] = texts(wanted["parameters"])
        if "version" in wanted:
            wanted["version"] = text(wanted["version"])
        if "actions" in wanted:
            wanted["actions"] = connector_actions(wanted["actions"])
        if "client_config" in wanted:
            wanted["client_config"] = client_config(wanted["client_config"])
        return wanted

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Its inputs; of the credential the names that its actions ask for."""
        found = dict(self.fields(document, None))
        if not isinstance(found.get("actions"), list) or "name" not in found:
            return None
        if isinstance(found.get("client_config"), Mapping):
            found["client_config"] = chosen_config(found["client_config"])
        names = credential_names(found)
        if not names and found.get("protocol") == "aws_sigv4":
            note = "or another key: roleArn, session_token"
            found["credential"] = {key: Unshown(note) for key in ("access_key", "secret_key")}
        else:
            found["credential"] = {key: Unshown() for key in names} or {
                "key": Unshown("its actions name no key: what it is called is a guess")
            }
        return {key: value for key, value in found.items() if value != {}}

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """POST it; the server takes what it does not know without a word."""
        path = f"{ROOT}/connectors/_create"
        answer = cluster.request("POST", path, body=dict(inputs))
        connector_id = required(answer.body, "connector_id", f"POST {path}")
        record(resource_id=connector_id)
        return Outputs({"connector_id": connector_id}, connector_id)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """PUT the changed inputs and read them back.

        Raises `InUse` FP334 while a deployed model uses it.
        """
        connector_id = str(resource.resource_id)
        names = [name for name in changed_names(changes) if name in inputs]
        if names:
            body = {name: inputs[name] for name in names}
            try:
                cluster.request("PUT", path_to("connectors", connector_id), body=body)
            except Refused as refused:
                if refused.status == BAD_REQUEST and IN_USE in refused.reason:
                    raise _still_used(refused) from refused
                raise
            self.check(cluster, connector_id, inputs, names)
        return Outputs({"connector_id": connector_id}, connector_id)

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """DELETE it. Raises `Refused` FP335 or FP336 while the cluster says that it is in use."""
        connector_id = str(resource.resource_id)
        try:
            cluster.request("DELETE", path_to("connectors", connector_id), accept=(NOT_FOUND,))
        except Refused as refused:
            if refused.status != CONFLICT:
                raise
            users = self.holders(cluster, [connector_id]).get(connector_id, ())
            raise _held(refused, connector_id, users) from refused

    def holders(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Sequence[Holder]]:
        """The models that use these connectors, by an exact search.

        ML Commons' own check compares parts of ids and is wrong on some nodes.
        """
        found: dict[str, list[Holder]] = defaultdict(list)
        for model_id, model in search(cluster, "models", "connector_id.keyword", ids):
            blocks = model.get("model_state") in DEPLOYED_STATES
            holder = Holder(
                "model", model_id, str(model.get("name", "")), blocks_update=blocks,
                blocks_delete=True,
            )  # fmt: skip
            found[str(model.get("connector_id"))].append(holder)
        return found

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """The models on them, and the agents that have one as a tool."""
        models = looked(cluster, "models", lambda: self.holders(cluster, [*made]))
        held = ((key, holder) for key, holders in models.items() for holder in holders)
        return by_id([*held, *in_agents(cluster, made)])


def _still_used(refused: Refused) -> InUse:
    diagnostic = Diagnostic(
        "error",
        "FP334",
        "the connector can't be changed while a deployed model uses it",
        refused.reason,
        hint="Run the command again: the next plan makes a new one and moves the model to it.",
    )
    return InUse(diagnostic, status=refused.status, reason=refused.reason)


def _held(refused: Refused, connector_id: str, users: Sequence[Holder]) -> Refused:
    if users:
        names = ", ".join(f"{user.name} ({user.resource_id})" for user in users[:10])
        diagnostic = replace(
            refused.diagnostics[0],
            code="FP336",
            summary=f"connector {connector_id} is still used by {len(users)} "
            f"{'model' if len(users) == 1 else 'models'}",
            detail=f"{names}{' and more' if len(users) > 10 else ''}.",  # noqa: PLR2004
            hint="Delete these models or give them another connector, then run the command again.",
        )
    else:
        diagnostic = replace(
            refused.diagnostics[0],
            code="FP335",
            summary=f"the cluster takes connector {connector_id} for used, and nothing uses it",
            detail=f"{refused.reason}\nAn exact search finds no model on it: ML Commons compares "
            "parts of ids, and these models' connectors share a part with it.",
            hint="Once those models are undeployed or deleted, run the command again: "
            "it goes on from here.",
        )
    return Refused(diagnostic, status=refused.status, reason=refused.reason)


STEPS = (CreateConnector(),)
