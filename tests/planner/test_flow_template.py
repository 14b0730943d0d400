"""A template as Flow Framework gives it back becomes one that can be applied again."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import PlanError, TemplateError
from flowplan.planner.flow_template import adapted, check_same
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, parse
from flowplan.providers.registry import Registry

CONNECTOR: dict[str, Any] = {
    "id": "connector",
    "type": "create_connector",
    "previous_node_inputs": {},
    "user_inputs": {
        "name": "${{ connector_name }}", "version": "1", "protocol": "http",
        "actions": [{"action_type": "predict", "method": "POST", "url": "https://a.b",
                     "headers": {"Authorization": "${credential.openAI_key}"}}],
    },
}  # fmt: skip


def body(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    provision = {"user_params": {}, "nodes": list(nodes), "edges": []}
    return {"name": "w", "use_case": "", "workflows": {"provision": provision}, **more}


def made(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return adapted(body(*nodes, **more), Registry(), "workflow X")


def test_what_the_server_adds_is_left_out() -> None:
    noop = {"id": "a", "type": "noop", "previous_node_inputs": {}, "user_inputs": {}}
    assert made(noop, created_time=1, last_provisioned_time=2, user={"name": "x"}) == {
        "name": "w",
        "workflows": {"provision": {"nodes": [{"id": "a", "type": "noop"}]}},
    }


def test_a_credential_becomes_a_sensitive_param_of_its_own_name() -> None:
    found = made(CONNECTOR)
    (node,) = found["workflows"]["provision"]["nodes"]
    assert node["user_inputs"]["credential"] == {"openAI_key": "${{ connector_openAI_key }}"}
    assert found["flowplan"]["params"]["connector_openAI_key"] == {
        "type": "string", "sensitive": True,
        "description": "credential.openAI_key of connector, which is never shown",
    }  # fmt: skip


def test_params_of_the_workflow_are_declared_too_since_no_others_may_be_used_then() -> None:
    assert made(CONNECTOR)["flowplan"]["params"]["connector_name"] == {"type": "string"}


def test_a_credential_that_is_there_stays() -> None:
    inputs = {**CONNECTOR["user_inputs"], "credential": {"k": "${{ my_key }}"}}
    found = made({**CONNECTOR, "user_inputs": inputs})
    assert found["flowplan"]["params"]["my_key"] == {"type": "string", "sensitive": True}
    assert list(found["flowplan"]["params"]) == ["connector_name", "my_key"]


def test_a_connector_that_can_not_be_looked_into_gets_one_key() -> None:
    inputs = {**CONNECTOR["user_inputs"], "actions": "${{ actions }}"}
    (node,) = made({**CONNECTOR, "user_inputs": inputs})["workflows"]["provision"]["nodes"]
    assert node["user_inputs"]["credential"] == {"key": "${{ connector_key }}"}


def test_declarations_that_are_there_are_kept() -> None:
    own = {"flowplan": {"params": {"connector_name": {"type": "string", "default": "c"}}}}
    found = made(CONNECTOR, **own)
    assert found["flowplan"]["params"]["connector_name"]["default"] == "c"


def test_what_the_given_body_had_is_not_changed() -> None:
    given = body(CONNECTOR)
    adapted(given, Registry(), "workflow X")
    assert given == body(CONNECTOR)
    assert "credential" not in CONNECTOR["user_inputs"]


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "w", "workflows": "none"},
        {"name": "w", "workflows": {"provision": {"nodes": "none"}}},
        {"name": "w", "workflows": {"provision": "none"}},
        {"name": "w", "workflows": {"provision": {"nodes": ["none"]}}},
        {"name": "w", "workflows": {"provision": {"nodes": [{"id": "a", "type": "moon"}]}}},
        {"name": "w", "workflows": {"provision": {"nodes": [
            {"id": "c", "type": "create_connector", "user_inputs": "none"}]}}},
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused_without_a_place_in_a_file(broken: dict[str, Any]) -> None:
    with pytest.raises(TemplateError) as caught:
        adapted(broken, Registry(), "workflow X")
    assert {item.line for item in caught.value.diagnostics} == {None}


def template(*nodes: dict[str, Any]) -> Template:
    text = '{"name": "w", "workflows": {"provision": {"nodes": [{"id": "a", "type": "noop"}]}}}'
    found, _ = parse(parse_text(text, "t.json", "json"), Registry())
    assert found is not None
    return found


def test_nodes_of_the_template_that_the_workflow_has_not_are_no_difference() -> None:
    check_same(template(), {"workflows": {"provision": {"nodes": []}}}, "X")


def test_a_node_that_the_template_has_not_is_a_difference() -> None:
    with pytest.raises(PlanError) as caught:
        check_same(template(), body({"id": "b", "type": "noop"}), "X")
    assert caught.value.diagnostics[0].detail == "It has no node b (noop)."
