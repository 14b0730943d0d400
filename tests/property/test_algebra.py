"""The algebra of plans on generated templates: what was applied needs no further plan."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab import CHAT, Lab

NAMES = st.sampled_from(["chat", "embed", "rank"])
TEXTS = st.sampled_from(["", "a text", "ä ö", "two\nlines"])
PARAMETERS = st.dictionaries(
    st.sampled_from(["model", "temperature", "stop", "nested"]),
    st.sampled_from(["gpt", "0.5", 1, 0.25, True, ["x", 1], {"a": {"b": None}}, "1e3"]),
    max_size=3,
)
ACTIONS = CHAT["workflows"]["provision"]["nodes"][0]["user_inputs"]["actions"]


@st.composite
def connector(draw: st.DrawFn, index: int) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "name": draw(NAMES),
        "version": draw(st.sampled_from(["1", "2", 3])),
        "protocol": "http",
        "parameters": {"endpoint": "api.example.org", **draw(PARAMETERS)},
        "credential": {"key": draw(st.sampled_from(["${{ openai_key }}", "fixed", "x"]))},
        "actions": ACTIONS * draw(st.sampled_from([1, 1, 2])),
    }
    if draw(st.booleans()):
        inputs["description"] = draw(st.sampled_from(["one", "two"]))
    if draw(st.booleans()):
        inputs["client_config"] = {"max_connection": draw(st.sampled_from([5, 50]))}
    return {"id": f"connector_{index}", "type": "create_connector", "user_inputs": inputs}


@st.composite
def model(draw: st.DrawFn, index: int, connectors: int) -> list[dict[str, Any]]:
    inputs: dict[str, Any] = {"name": draw(NAMES)}
    previous = {f"connector_{draw(st.integers(0, connectors - 1))}": "connector_id"}
    if draw(st.booleans()):
        inputs["rate_limiter"] = {"limit": draw(st.sampled_from([1, 5])), "unit": "SECONDS"}
    if draw(st.booleans()):
        inputs["is_enabled"] = draw(st.booleans())
    if draw(st.integers(0, 2)) == 0:
        previous["group"] = "model_group_id"
    kind = draw(st.sampled_from(["bare", "deployed", "node"]))
    if kind == "deployed":
        inputs["deploy"] = True
    nodes: list[dict[str, Any]] = [
        {
            "id": f"model_{index}",
            "type": "register_remote_model",
            "previous_node_inputs": previous,
            "user_inputs": inputs,
        }
    ]
    if kind == "node":
        nodes.append(
            {
                "id": f"deployment_{index}",
                "type": "deploy_model",
                "previous_node_inputs": {f"model_{index}": "model_id"},
            }
        )
    return nodes


@st.composite
def template(draw: st.DrawFn) -> dict[str, Any]:
    connectors = draw(st.integers(1, 2))
    nodes: list[dict[str, Any]] = [
        {
            "id": "group",
            "type": "register_model_group",
            "user_inputs": {"name": draw(st.sampled_from(["shared", "team"]))},
        }
    ]
    nodes += [draw(connector(index)) for index in range(connectors)]
    for index in range(draw(st.integers(0, 3))):
        nodes += draw(model(index, connectors))
    return {
        "name": "generated",
        "workflows": {"provision": {"nodes": draw(st.permutations(nodes))}},
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.lists(template(), min_size=1, max_size=3))
def test_every_apply_ends_in_an_empty_plan_and_destroy_in_an_empty_cluster(
    templates: list[dict[str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        lab = Lab(Path(directory), templates[0])
        lab.options = "deploy=1ms"
        for wanted in templates:
            lab.template = wanted
            uses_key = "openai_key" in str(wanted)
            lab.params = {"openai_key": "sk-1"} if uses_key else {}
            summary = lab.apply()
            assert summary.failed == 0, [e.diagnostic for e in lab.events if e.diagnostic]
            plan = lab.plan()
            assert plan.empty, plan.pending
            assert not plan.drift
            models = sum(node["type"] == "register_remote_model" for node in lab.nodes)
            connectors = sum(node["type"] == "create_connector" for node in lab.nodes)
            assert lab.counts()[:2] == (connectors, models)
        assert lab.destroy().left == ()
        assert lab.counts() == (0, 0, 0)
