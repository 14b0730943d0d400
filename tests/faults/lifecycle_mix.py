"""A template that uses what `flowplan` can say of a node, and how such a template changes.

`lived_on` has in one step: a connector changed in place under deployed models, a node that was
renamed, replacements that were triggered, keys of a `for_each` that come and go, resources that
are taken over, one that is made before the old one goes and one after. It must not know how runs
are cut off or looked at.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.faults.mix import ML, Ask, Template, connector, step

__all__ = ["deploy_by_hand", "furnish_lifecycle", "lifecycle_mix", "lived_on"]

BY_HAND = "Life model by hand"


def _set(node: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {**node, "flowplan": settings}


def _kept() -> list[dict[str, Any]]:
    """A connector that is changed in place, and three models on it that serve."""
    return [
        _set(connector("kept", "Life connector kept"), keep_id=True),
        step(
            "served", "register_remote_model", {"kept": "connector_id"},
            name="Life model served", function_name="remote", description="of the life",
        ),
        step("serving", "deploy_model", {"served": "model_id"}),
        step(
            "at_once", "register_remote_model", {"kept": "connector_id"},
            name="Life model at once", function_name="remote", deploy=True,
        ),
        # Its deployment is nobody's node: only the record knows that it has to be back.
        step(
            "by_hand", "register_remote_model", {"kept": "connector_id"},
            name=BY_HAND, function_name="remote",
        ),
    ]  # fmt: skip


def _triggered() -> list[dict[str, Any]]:
    group = step("group_due", "register_model_group", name="Life group due")
    after = step("group_after", "register_model_group", name="Life group after")
    index = step("index_due", "create_index", index_name="life-due", configurations={})
    return [
        _set(group, replace_triggered_by=["kept.parameters.model"]),
        _set(after, replace_triggered_by=["group_due"]),
        _set(index, replace_triggered_by=["kept"]),
        _set(connector("early", "Life connector early"), replace_triggered_by=["group_after"]),
    ]


def _each() -> list[dict[str, Any]]:
    group = step(
        "region", "register_model_group", name="Life region ${{ each.key }}",
        description="${{ each.value }}",
    )  # fmt: skip
    model = step(
        "local", "register_remote_model",
        name="Life local ${{ each.key }}", function_name="remote",
        connector_id="${{ early.connector_id }}",
        model_group_id="${{ region[each.key].model_group_id }}",
    )  # fmt: skip
    keys = {"eu": "Europe", "us": "America"}
    return [_set(group, for_each=keys), _set(model, for_each=dict(keys))]


def _others() -> list[dict[str, Any]]:
    index = step("index_first", "create_index", index_name="life-docs-1", configurations={})
    last = connector("last", "Life connector last")
    whole = step("ignoring", "register_model_group", name="Life ignoring", description="as made")
    return [
        step("renamed", "register_model_group", name="Life renamed", description="one"),
        step(
            "in_renamed", "register_remote_model",
            {"renamed": "model_group_id", "early": "connector_id"},
            name="Life in renamed", function_name="remote",
        ),
        _set(index, create_before_destroy=True),
        _set(last, create_before_destroy=False),
        _set(whole, ignore_changes=["description"]),
    ]  # fmt: skip


def lifecycle_mix() -> Template:
    """The template at first."""
    return {
        "name": "life",
        "workflows": {"provision": {"nodes": [*_kept(), *_triggered(), *_each(), *_others()]}},
        "flowplan": {
            "params": {
                "openai_key": {"type": "string", "sensitive": True},
                "theirs_connector": {"type": "string"},
                "theirs_group": {"type": "string"},
            },
            "outputs": {"model": "${{ serving.model_id }}"},
        },
    }


def lived_on(template: Template) -> Template:
    """The template after all of that."""
    after = copy.deepcopy(template)
    nodes = {node["id"]: node for node in after["workflows"]["provision"]["nodes"]}
    nodes["kept"]["user_inputs"]["parameters"]["model"] = "gpt-4o"
    nodes["kept"]["user_inputs"]["description"] = "changed in place"
    for name in ("region", "local"):
        nodes[name]["flowplan"]["for_each"] = {"us": "America", "asia": "Asia"}
    nodes["renamed"]["id"] = "new_name"
    nodes["renamed"]["user_inputs"]["description"] = "two"
    previous = nodes["in_renamed"]["previous_node_inputs"]
    nodes["in_renamed"]["previous_node_inputs"] = {
        "new_name" if name == "renamed" else name: output for name, output in previous.items()
    }
    nodes["index_first"]["user_inputs"]["index_name"] = "life-docs-2"
    # A parameter that goes can't be taken from a connector: it is made anew.
    nodes["last"]["user_inputs"]["parameters"].pop("model")
    nodes["last"]["user_inputs"]["actions"][0]["request_body"] = "{}"
    nodes["ignoring"]["user_inputs"]["description"] = "left alone"
    taken = connector("taken", "Theirs", model="gpt-4o")
    group = step("taken_group", "register_model_group", name="Theirs", description="now ours")
    after["workflows"]["provision"]["nodes"] += [taken, group]
    after["flowplan"]["moved"] = [{"from": "renamed", "to": "new_name"}]
    after["flowplan"]["imports"] = [
        {"node": "taken", "id": "${{ theirs_connector }}"},
        {"node": "taken_group", "id": "${{ theirs_group }}"},
    ]
    return after


def furnish_lifecycle(ask: Ask) -> dict[str, str]:
    """Make what is taken over; the params that name it."""
    body = connector("theirs", "Theirs")["user_inputs"] | {"credential": {"openAI_key": "theirs"}}
    group = {"name": "Theirs", "description": "not yet ours"}
    return {
        "theirs_connector": ask("POST", f"{ML}/connectors/_create", body)["connector_id"],
        "theirs_group": ask("POST", f"{ML}/model_groups/_register", group)["model_group_id"],
    }


def deploy_by_hand(ask: Ask) -> None:
    """Deploy the model that no node deploys."""
    query = {"query": {"match_all": {}}, "size": 100}
    hits = ask("POST", f"{ML}/models/_search", query)["hits"]["hits"]
    (model,) = (hit["_id"] for hit in hits if hit["_source"]["name"] == BY_HAND)
    ask("POST", f"{ML}/models/{model}/_deploy", None)
