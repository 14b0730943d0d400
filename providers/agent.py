"""`register_agent`: something that answers with the help of a model and tools.

It must not know models, connectors or tools, except that it holds the ids of some. Sources:
FACTS "ML Commons" and NORMALISATION 4 of the measurements that the sandbox is built on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

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
from flowplan.providers.agent_body import as_read, as_sent, shown_tool
from flowplan.providers.documents import ROOT, path_to, required
from flowplan.providers.references import by_id, in_agents, in_pipelines
from flowplan.providers.step import Step, changed_names

__all__ = ["STEPS", "RegisterAgent"]

NOT_FOUND = 404
TYPES = frozenset({"flow", "conversational", "conversational_flow", "plan_execute_and_reflect"})

_SCHEMA = StepSchema(
    inputs={
        "name": InputSpec(
            ("string",), required=True, set="in_place", remove="keep",
            description="Its name. Several agents may have the same.",
        ),
        "type": InputSpec(
            ("string",), required=True,
            description="flow, conversational, conversational_flow or plan_execute_and_reflect.",
        ),
        "description": InputSpec(
            ("string",), set="in_place", remove="keep", description="A text for people."
        ),
        "llm": InputSpec(
            ("object",), set="in_place",
            description="The model that thinks: model_id, parameters. The server keeps texts.",
        ),
        "model_id": InputSpec(
            ("string",), set="in_place", write_only=True, reference="model", local=True,
            description="The model of an earlier node: the llm's, where llm names none.",
        ),
        "tools": InputSpec(
            ("array",), set="in_place", order="tools_order",
            description="What it can do, from create_tool nodes, and after them as written here.",
        ),
        "tools_order": InputSpec(
            ("array",), set="in_place", remove="in_place", write_only=True, local=True,
            description="The ids of the create_tool nodes whose tools come first, in this order.",
        ),
        "parameters": InputSpec(
            ("object",), set="in_place", merge=True,
            description="Values for all of its tools. The server keeps texts.",
        ),
        "memory": InputSpec(
            ("object",), set="in_place", description="Where it remembers a conversation: type."
        ),
        "app_type": InputSpec(
            ("string",), set="in_place", remove="keep", description="What it is used for."
        ),
        "model": InputSpec(
            ("object", "string"), sensitive=True, write_only=True,
            description="A model described in place, with its credential.",
        ),
        "context_management_name": InputSpec(
            ("string",), write_only=True, description="The template that shortens its context."
        ),
        "context_management": InputSpec(
            ("object", "string"), write_only=True, description="How its context is shortened."
        ),
        "created_time": InputSpec(
            ("integer", "string"), set="in_place", remove="in_place", write_only=True, local=True,
            description="Not sent: the server sets it.",
        ),
        "last_updated_time": InputSpec(
            ("integer", "string"), set="in_place", remove="in_place", write_only=True, local=True,
            description="Not sent: the server sets it.",
        ),
    },
    outputs=("agent_id",),
    resource_type="agent_id",
    plugins=("opensearch-ml",),
    timeout=10.0,
    listed=("name", "type"),
    volatile=frozenset({"created_time", "last_updated_time"}),
    description="Registers an agent.",
)  # fmt: skip
_LOCAL = tuple(name for name, spec in _SCHEMA.inputs.items() if spec.local)


class RegisterAgent(Step):
    """An agent. Of its changes, those that the server merges or ignores are replacements."""

    name = "register_agent"
    kind = "agent"
    collection = "agents"
    schema = _SCHEMA

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them."""
        return super().expect(as_read(as_sent(inputs, _LOCAL)))

    def fields(
        self, document: Mapping[str, Json], inputs: Mapping[str, Json] | None
    ) -> Mapping[str, Json]:
        """The document's fields under the names of the inputs."""
        return super().expect(as_read(super().fields(document, inputs)))

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Its inputs with its tools; None for a kind of agent that is not known."""
        if str(document.get("type", "")).lower() not in TYPES or not document.get("name"):
            return None
        found = dict(self.fields(document, None))
        if "tools" in found:
            found["tools"] = [shown_tool(tool) for tool in found["tools"]]
        return {key: item for key, item in found.items() if not self.schema.inputs[key].write_only}

    def judge(
        self, path: tuple[str | int, ...], before: Json, after: Json, *, removed: bool
    ) -> Literal["in_place", "replace", "keep"] | None:
        """What can't be taken away from an agent, and a memory that can't be added to one."""
        match path:
            case ("tools",) if after == []:
                return "replace"
            case ("llm", "parameters", _) if removed:
                # Merged on the server: a key stays there whatever its value was.
                return "replace"
            case ("llm", _) if removed and before != {}:
                return "replace"
            case ("memory", "type"):
                # A PUT takes only this type, and only where there is a memory.
                stays = before is not None and after == "conversation_index"
                return "in_place" if stays else "replace"
            case ("memory", _, *_):
                return "replace" if removed else "in_place"
        return None

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """POST it."""
        path = f"{ROOT}/agents/_register"
        answer = cluster.request("POST", path, body=as_sent(inputs, _LOCAL))
        agent_id = required(answer.body, "agent_id", f"POST {path}")
        record(resource_id=agent_id)
        return Outputs({"agent_id": agent_id}, agent_id)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """PUT the changed inputs, the model and the list of tools as a whole, and read them back.

        Raises `ProviderError` FP333 for what the server accepted and ignored.
        """
        agent_id = str(resource.resource_id)
        wanted = as_sent(inputs, _LOCAL)
        names = ["llm" if name == "model_id" else name for name in changed_names(changes)]
        body = {name: wanted[name] for name in dict.fromkeys(names) if name in wanted}
        if body:
            cluster.request("PUT", path_to("agents", agent_id), body=body)
            self.check(cluster, agent_id, inputs, list(body))
        return Outputs({"agent_id": agent_id}, agent_id)

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """The agents that have one as a tool, and the search pipelines that ask one."""
        return by_id([*in_agents(cluster, made), *in_pipelines(cluster, "search_pipeline", made)])

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """DELETE it."""
        path = path_to("agents", str(resource.resource_id))
        cluster.request("DELETE", path, accept=(NOT_FOUND,))


STEPS = (RegisterAgent(),)
