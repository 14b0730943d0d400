"""`create_tool`: what an agent can do, described.

A tool is no resource: it is put together here and sent with its agent. It must not know agents
or models beyond their ids, and nothing is ever sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.protocol import Cluster, InputSpec, Json, Outputs, Record, StepSchema
from flowplan.providers.step import Step

__all__ = ["STEPS", "CreateTool"]

_IDS = ("connector_id", "model_id", "agent_id")


def _id_of(kind: str) -> InputSpec:
    return InputSpec(
        ("string",),
        set="in_place",
        remove="in_place",
        write_only=True,
        reference=kind,
        local=True,
        description=f"The {kind} that it uses: put into its parameters, unless they name one.",
    )


def _part(kind: str, description: str, *, required: bool = False) -> InputSpec:
    return InputSpec(
        (kind,),  # type: ignore[arg-type]
        required=required,
        set="in_place",
        remove="in_place",
        write_only=True,
        description=description,
    )


_SCHEMA = StepSchema(
    inputs={
        "type": _part("string", "Its type, as in GET /_plugins/_ml/tools.", required=True),
        "name": _part("string", "Its name, which no other tool of the agent may have."),
        "description": _part("string", "What a model reads to choose it."),
        "parameters": _part("object", "Values for its type. The server keeps texts."),
        "attributes": _part("object", "For example its input_schema."),
        "config": _part("object", "Values for its type that a question can't change."),
        "include_output_in_agent_response": _part(
            "boolean", "Whether what it gives is part of the agent's answer; false when absent."
        ),
        "runtime_resources": _part("object", "What it finds at run time."),
        "connector_id": _id_of("connector"),
        "model_id": _id_of("model"),
        "agent_id": _id_of("agent"),
    },
    outputs=("tools",),
    plugins=("opensearch-ml",),
    timeout=10.0,
    listed=("type",),
    creates="nothing",
    description="Describes a tool for an agent.",
)


class CreateTool(Step):
    """A tool. All of its changes are changes of the agents that have it."""

    name = "create_tool"
    schema = _SCHEMA

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The tool: what was written, with the ids of earlier nodes among its parameters."""
        tool = {key: value for key, value in inputs.items() if key not in _IDS}
        given = tool.get("parameters", {})
        ids = {key: inputs[key] for key in _IDS if inputs.get(key) is not None}
        # Parameters that are not known yet as a whole can't be added to: they are taken as written.
        if ids and isinstance(given, Mapping):
            tool["parameters"] = {**given, **{k: v for k, v in ids.items() if k not in given}}
        return {"tools": tool}

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Nothing to do: the agent brings it along."""
        return Outputs(self.preview(inputs))


STEPS = (CreateTool(),)
