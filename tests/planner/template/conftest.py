"""A small catalogue of step types, and a short way to check a text."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace

import pytest

from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.protocol import Flaw, InputSpec, StepSchema

TEXT = InputSpec(("string",))
NEEDED = InputSpec(("string",), required=True)


def odd(value):
    return Flaw("it is odd", "One is.", "make it even") if value == {"n": "1"} else None


SCHEMAS = {
    "create_connector": StepSchema(
        {
            "name": NEEDED,
            "description": TEXT,
            "version": NEEDED,
            "protocol": NEEDED,
            "parameters": InputSpec(("object",)),
            "credential": InputSpec(("object",), required=True, sensitive=True),
            "actions": InputSpec(("array",), required=True),
            "client_config": InputSpec(("object", "string")),
        },
        outputs=("connector_id",),
        resource_type="connector_id",
        updated_when_idle=True,
    ),
    "register_remote_model": StepSchema(
        {
            "name": NEEDED,
            "connector_id": NEEDED,
            "model_group_id": TEXT,
            "description": TEXT,
            "deploy": InputSpec(("boolean",)),
            "limit": InputSpec(("number",)),
            "count": InputSpec(("integer",)),
            "anything": InputSpec(("any",)),
        },
        outputs=("model_id", "register_model_status"),
        resource_type="model_id",
    ),
    "register_model_group": StepSchema(
        {"name": NEEDED}, outputs=("model_group_id",), resource_type="model_group_id"
    ),
    "deploy_model": StepSchema(
        {"model_id": NEEDED}, outputs=("model_id",), resource_type="model_id", creates="effect"
    ),
    "create_tool": StepSchema(
        {"type": NEEDED, "model_id": InputSpec(("string",), local=True)}, outputs=("tools",)
    ),
    "register_agent": StepSchema(
        {"name": NEEDED, "tools": InputSpec(("array",))}, outputs=("agent_id",)
    ),
    "noop": StepSchema({"delay": TEXT}, creates="nothing"),
    "create_index": StepSchema({"configurations": InputSpec(("object", "string"), flaw=odd)}),
}
KINDS = {
    "create_connector": "connector", "register_remote_model": "model", "deploy_model": "model",
    "register_model_group": "model_group", "register_agent": "agent", "create_index": "index",
}  # fmt: skip


class Catalogue:
    def schema(self, name):
        return SCHEMAS.get(name)

    def kind(self, name):
        return KINDS.get(name, "")

    def names(self):
        return tuple(SCHEMAS)

    def unsupported(self, name):
        return name == "reindex"


@pytest.fixture
def catalogue():
    return Catalogue()


@pytest.fixture
def check():
    """check(text, …) → the template, all diagnostics, and each as `(code, line, column)`."""

    def run(text, *, syntax="yaml", strict=False):
        document = parse_text(textwrap.dedent(text), f"t.{syntax}", syntax)
        template, found = parse(document, Catalogue(), strict=strict)
        return SimpleNamespace(
            template=template,
            found=found,
            codes=[item.code for item in found],
            places=[(item.code, item.line, item.column) for item in found],
        )

    return run


@pytest.fixture
def nodes(check):
    """nodes(text, …) → as `check`, for the nodes of a workflow; their first line is line 4."""

    def run(text, tail="", **options):
        inside = textwrap.indent(textwrap.dedent(text), "    ")
        return check(
            f"name: x\nworkflows:\n  provision:\n{inside}\n{textwrap.dedent(tail)}", **options
        )

    return run
