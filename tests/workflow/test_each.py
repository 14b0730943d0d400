"""`for_each` and `when` from the template to the cluster: each node lives a life of its own."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import TemplateError
from tests.lab import CHAT, KEY, Lab, actions


def each(items: Any) -> dict[str, Any]:
    """Connector, model and deployment for each of `items`."""
    template = copy.deepcopy(CHAT)
    for node in template["workflows"]["provision"]["nodes"]:
        node["flowplan"] = {"for_each": items}
        if "name" in node.get("user_inputs", {}):
            node["user_inputs"]["name"] += " ${{ each.key }}"
    template["flowplan"] = {
        "outputs": {"eu": '${{ deployment["eu"].model_id }}'},
    }
    return template


@pytest.fixture
def regions(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path, each(["eu", "us"]))
    lab.apply()
    return lab


def resize(lab: Lab, items: Any) -> None:
    for node in lab.nodes:
        node["flowplan"]["for_each"] = items


def test_each_key_gets_resources_of_its_own(regions: Lab) -> None:
    assert regions.counts() == (2, 2, 2)
    assert set(regions.ids()) == {
        f'{node}["{key}"]' for node in ("connector", "model", "deployment") for key in ("eu", "us")
    }
    assert regions.state.outputs["eu"].value == regions.ids()['model["eu"]']


def test_a_plan_after_the_apply_is_empty(regions: Lab) -> None:
    assert set(actions(regions.plan()).values()) == {"no-op"}


def test_a_list_and_a_map_of_the_same_keys_are_the_same_nodes(regions: Lab) -> None:
    resize(regions, {"us": 1, "eu": 2})
    assert set(actions(regions.plan()).values()) == {"no-op"}


def test_a_removed_key_takes_just_its_own_nodes_with_it(regions: Lab) -> None:
    before = regions.ids()
    resize(regions, ["eu"])
    planned = {
        node: action for node, action in actions(regions.plan()).items() if action != "no-op"
    }
    assert planned == {
        'connector["us"]': "delete", 'model["us"]': "delete", 'deployment["us"]': "delete",
    }  # fmt: skip
    regions.apply()
    assert regions.ids() == {name: id_ for name, id_ in before.items() if '"eu"' in name}
    assert regions.counts() == (1, 1, 1)


def test_an_added_key_makes_just_its_own_nodes(regions: Lab) -> None:
    before = regions.ids()
    resize(regions, ["ap", "eu", "us"])
    regions.apply()
    after = regions.ids()
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} == {
        'connector["ap"]', 'model["ap"]', 'deployment["ap"]',
    }  # fmt: skip


def test_destroy_deletes_them_all_without_the_template(regions: Lab) -> None:
    regions.destroy()
    assert regions.counts() == (0, 0, 0)


def test_a_condition_that_turns_false_deletes_the_node(lab: Lab) -> None:
    lab.apply()
    lab.node("deployment")["flowplan"] = {"when": '${{ env == "prod" }}'}
    lab.template["flowplan"] = {}
    lab.params["env"] = "dev"
    assert actions(lab.plan())["deployment"] == "delete"
    lab.params["env"] = "prod"
    assert actions(lab.plan())["deployment"] == "no-op"


def test_who_needs_a_node_that_is_left_out_stops_the_plan(lab: Lab) -> None:
    lab.node("model")["flowplan"] = {"when": False}
    with pytest.raises(TemplateError) as error:
        lab.plan()
    assert [item.code for item in error.value.diagnostics] == ["FP193"]


def test_secrets_by_key_reach_the_cluster_and_nothing_else(tmp_path: Path) -> None:
    lab = Lab(tmp_path, each({"eu": {"key": "${{ eu_key }}"}, "us": {"key": "${{ us_key }}"}}))
    lab.inputs("connector")["credential"] = {"openAI_key": "${{ each.value.key }}"}
    lab.params = {"eu_key": f"{KEY}-eu", "us_key": f"{KEY}-us"}
    lab.apply()
    assert KEY not in (tmp_path / "t.state.json").read_text()
    lab.params["us_key"] = f"{KEY}-other"
    assert {name for name, action in actions(lab.plan()).items() if action != "no-op"} == {
        'connector["us"]', 'model["us"]',
    }  # fmt: skip


def test_secrets_inside_a_param_are_kept_as_digests(tmp_path: Path) -> None:
    lab = Lab(tmp_path, each("${{ tenants }}"))
    lab.template["flowplan"]["params"] = {"tenants": {"type": "object"}}
    lab.inputs("connector")["credential"] = {"openAI_key": "${{ each.value }}"}
    lab.params = {"tenants": json.dumps({"eu": f"{KEY}-eu"})}
    lab.apply()
    assert KEY not in (tmp_path / "t.state.json").read_text()
    assert set(actions(lab.plan()).values()) == {"no-op"}


def test_tools_of_an_agent_come_in_the_order_of_the_keys(tmp_path: Path) -> None:
    tool = {
        "id": "tool",
        "type": "create_tool",
        "user_inputs": {"type": "${{ each.value }}", "name": "${{ each.key }}"},
        "flowplan": {"for_each": {"b": "ListIndexTool", "a": "SearchIndexTool"}},
    }
    agent = {
        "id": "agent",
        "type": "register_agent",
        "previous_node_inputs": {"tool": "tools"},
        "user_inputs": {"name": "agent", "type": "flow"},
    }
    lab = Lab(tmp_path, {"name": "w", "workflows": {"provision": {"nodes": [agent, tool]}}})
    lab.params = {}
    lab.apply()
    made = lab.request("GET", f"/_plugins/_ml/agents/{lab.ids()['agent']}")
    assert [item["name"] for item in made["tools"]] == ["b", "a"]
