"""Hand-made plans, events and states."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from flowplan.errors import Diagnostic
from flowplan.planner.events import Event, Summary
from flowplan.planner.plan import Binding, Drift, FieldChange, NodeChange, OutputChange, Plan
from flowplan.render.screen import Screen
from flowplan.state.model import (
    ClusterIdentity,
    Deposed,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)

SEALED = {"$flowplan.sealed": "ab" * 32}
AT = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)

OLD_BODY = '{"model": "${parameters.model}", "messages": ${parameters.messages}, "temperature": 0}'
NEW_BODY = (
    '{"model": "${parameters.model}", "messages": ${parameters.messages}, "temperature": 0.2}'
)


@pytest.fixture
def screen():
    """A screen that writes into a string: `screen.stream.getvalue()`."""
    return Screen(io.StringIO())


@pytest.fixture
def first_plan() -> Plan:
    """Three nodes to be created on an empty sandbox."""
    return Plan(
        workflow="createconnector-registerremotemodel-deploymodel",
        endpoint="sandbox:",
        mode="apply",
        changes=(
            NodeChange(
                "create_connector_1", "create_connector", "create", "new",
                resource_type="connector_id",
                fields=(
                    FieldChange(("name",), after="OpenAI Chat Connector", added=True),
                    FieldChange(("version",), after="1", added=True),
                    FieldChange(("parameters", "model"), after="gpt-3.5-turbo", added=True),
                    FieldChange(
                        ("credential", "openAI_key"), after="(sensitive)", sensitive=True, added=True
                    ),
                    FieldChange(("actions", 0, "method"), after="POST", added=True),
                    FieldChange(("actions", 0, "request_body"), after=OLD_BODY, added=True),
                    FieldChange(("add_all_backend_roles",), after=False, added=True),
                ),
                steps=("create the connector",),
            ),
            NodeChange(
                "register_model_2", "register_remote_model", "create", "new",
                resource_type="model_id", depends_on=("create_connector_1",),
                fields=(
                    FieldChange(("name",), after="openAI-gpt-3.5-turbo", added=True),
                    FieldChange(
                        ("description",), after="For the test suite:\n  speaks\n  listens",
                        added=True,
                    ),
                    FieldChange(
                        ("connector_id",), known=False, origin="create_connector_1", added=True
                    ),
                ),
                steps=("create the model",),
            ),
            NodeChange(
                "deploy_model_3", "deploy_model", "create", "new",
                resource_type="model_id", depends_on=("register_model_2",),
                fields=(
                    FieldChange(("model_id",), known=False, origin="register_model_2", added=True),
                ),
                steps=("create the deployment",),
            ),
        ),
        outputs={"model_id": OutputChange(known=False)},
        binding=Binding(serial=0),
        server="3.6.0",
        state_location="template.state.json",
    )  # fmt: skip


@pytest.fixture
def changing_plan() -> Plan:
    """One of everything: the situations of a second plan."""
    return Plan(
        workflow="openai-chat",
        endpoint="https://search.example.org",
        mode="apply",
        changes=(
            NodeChange(
                "create_connector_1", "create_connector", "replace", "changed",
                resource_id="cF3IR5QBEpCfUu_-Awd_", resource_type="connector_id",
                fields=(
                    FieldChange(("parameters", "model"), "gpt-3.5-turbo", "gpt-4o"),
                    FieldChange(
                        ("credential", "openAI_key"), "(sensitive)", "(sensitive)", sensitive=True
                    ),
                    FieldChange(("actions", 0, "request_body"), OLD_BODY, NEW_BODY),
                    FieldChange(("protocol",), "http", "aws_sigv4", forces_replace=True),
                    FieldChange(("parameters", "top.p"), "0.1", None, removed=True),
                ),
                order="create_before_destroy",
                steps=("create the new connector", "move register_model_2 to it",
                       "delete the old connector"),
                notes=("the new one is made first and the model moved to it: predictions go on",),
                unchanged=3,
            ),
            NodeChange(
                "register_model_2", "register_remote_model", "update", "dependency",
                resource_id="gL4xK5QBEpCfUu_-AQdQ", resource_type="model_id",
                depends_on=("create_connector_1",),
                fields=(
                    FieldChange(("description",), "test model", "GPT-4o, shared"),
                    FieldChange(
                        ("connector_id",), "cF3IR5QBEpCfUu_-Awd_", known=False,
                        origin="create_connector_1",
                    ),
                    FieldChange(("guardrails", "type"), None, "local_regex", added=True),
                ),
                unchanged=2,
            ),
            NodeChange(
                "deploy_model_3", "deploy_model", "no-op", "unchanged",
                resource_id="gL4xK5QBEpCfUu_-AQdQ", depends_on=("register_model_2",),
            ),
            NodeChange(
                "create_summary_agent", "register_agent", "create", "new",
                depends_on=("register_model_2",),
                fields=(
                    FieldChange(("name",), after="summary agent", added=True),
                    FieldChange(("llm", "model_id"), after="gL4xK5QBEpCfUu_-AQdQ", added=True),
                ),
            ),
            NodeChange(
                "noisy_tool_index", "create_index", "delete", "removed",
                resource_id="noisy-tools",
                fields=(FieldChange(("index_name",), "noisy-tools", None, removed=True),),
                notes=("12,403 documents would be lost",), blocked="noisy_tool_index",
            ),
        ),
        drift=(
            Drift(
                "shared_group", "register_model_group", "gg3IR5QBEpCfUu_-Awd_",
                (FieldChange(("description",), "a", "b"),),
            ),
            Drift(
                "register_model_2", "register_remote_model", "gL4xK5QBEpCfUu_-AQdQ",
                (FieldChange(("description",), "test model", "edited by hand in Dashboards"),),
                restored=True,
            ),
            Drift("old_model", "register_remote_model", "m", gone=True, restored=True),
        ),
        outputs={
            "model_id": OutputChange("gL4xK5QBEpCfUu_-AQdQ", "gL4xK5QBEpCfUu_-AQdQ"),
            "connector_id": OutputChange("cF3IR5QBEpCfUu_-Awd_", known=False),
            "token": OutputChange("(sensitive)", known=False, sensitive=True),
        },
        diagnostics=(
            Diagnostic(
                "warning", "FP290", "the delete needs --allow-delete", node="noisy_tool_index",
                file="t.yaml", line=3, column=1,
            ),
        ),
        binding=Binding(serial=7),
        server="3.6.0",
        state_location="template.state.json",
        requests=3,
    )  # fmt: skip


@pytest.fixture
def empty_plan() -> Plan:
    """Everything is as it should be."""
    changes = tuple(
        NodeChange(f"node_{number}", "create_connector", "no-op", "unchanged")
        for number in range(14)
    )
    return Plan("w", "sandbox:", "apply", changes, requests=3)


@pytest.fixture
def failed_run() -> list[Event]:
    """A run that stopped part-way."""
    failure = Diagnostic(
        "error", "FP313", "the cluster refused the model (404)",
        "Failed to find connector: cF3IR5QBEpCfUu_-Awd_",
        node="register_model_2", file="template.yaml", line=31, column=9,
        hint="It was deleted outside flowplan after this plan was made.",
    )  # fmt: skip
    summary = Summary(
        "FAILED", created=1, failed=1, skipped=1, elapsed_ms=134, serial=8, changed=True
    )
    return [
        Event("step_started", "create_connector_1", "create", timeout=10, at=AT),
        Event(
            "step_completed", "create_connector_1", "create", resource_type="connector_id",
            resource_id="cF7QR5QBEpCfUu_-Aw1b", elapsed_ms=52, at=AT,
        ),
        Event("step_started", "register_model_2", "update", timeout=10, at=AT),
        Event("step_progress", "register_model_2", "update", "waiting for the task", at=AT),
        Event("step_failed", "register_model_2", "update", elapsed_ms=61, diagnostic=failure, at=AT),
        Event(
            "step_skipped", "create_summary_agent", "create", waits_for=("register_model_2",),
            at=AT,
        ),
        Event("summary", summary=summary, at=AT),
    ]  # fmt: skip


@pytest.fixture
def state() -> State:
    """A workflow that was applied."""
    connector = ResourceRecord(
        "create_connector_1", "create_connector", "connector_id", "cF3IR5QBEpCfUu_-Awd_",
        inputs={"name": "chat", "credential": {"openAI_key": SEALED}, "actions": [{"method": "POST"}]},
        outputs={"connector_id": "cF3IR5QBEpCfUu_-Awd_"},
        deposed=(Deposed("create_connector", "connector_id", "oldIR5QBEpCfUu_-Awd_"),),
    )  # fmt: skip
    model = ResourceRecord(
        "register_model_2", "register_remote_model", "model_id", "gL4xK5QBEpCfUu_-AQdQ",
        inputs={"name": "gpt"}, outputs={"model_id": "gL4xK5QBEpCfUu_-AQdQ"},
        dependencies=("create_connector_1",), status="tainted", pending=("deploy",),
    )  # fmt: skip
    return State(
        lineage="A1b2C3d4E5f6G7h8I9j0", serial=8, workflow="openai-chat", salt="5a17" * 16,
        cluster=ClusterIdentity("uuid-1", "sandbox:"),
        status=ProvisionStatus("COMPLETED", None, 1_763_726_400_000, 1_763_726_401_000, "admin"),
        resources={record.node: record for record in (connector, model)},
        outputs={
            "model_id": OutputRecord("gL4xK5QBEpCfUu_-AQdQ"),
            "token": OutputRecord(None, sensitive=True),
        },
    )  # fmt: skip


@pytest.fixture
def lifecycle_plan() -> Plan:
    """What lifecycle settings and `moved` make of a plan."""
    return Plan(
        workflow="openai-chat",
        endpoint="https://search.example.org",
        mode="apply",
        changes=(
            NodeChange(
                "openai", "create_connector", "update", "changed", "cF3IR5QBEpCfUu_-Awd_",
                "connector_id",
                fields=(FieldChange(("parameters", "model"), "gpt-3.5-turbo", "gpt-4o"),),
                steps=("undeploy chat model", "update parameters of the connector in place",
                       "deploy chat model again: until then predictions fail"),
                notes=(
                    (
                        "chat model is undeployed for the change, and deployed again: predictions "
                        "stop meanwhile"
                    ),
                ),
                unchanged=6,
            ),
            NodeChange(
                "eu_model", "register_remote_model", "move", "moved", "gL4xK5QBEpCfUu_-AQdQ",
                "model_id", depends_on=("openai",),
                steps=("rename it in the state: nothing is sent",),
                notes=("moved from model",), moved_from="model",
            ),
            NodeChange(
                "group", "register_model_group", "replace", "triggered", "hM5xK5QBEpCfUu_-BReR",
                "model_group_id", depends_on=("openai",), order="destroy_before_create",
                steps=("delete the model group", "create the new model group"),
                notes=("replaced, since openai changes",),
            ),
        ),
        binding=Binding(serial=7),
        server="3.6.0",
        state_location="template.state.json",
    )  # fmt: skip
