"""Who outside a plan uses what it takes away, on a sandbox that others work on, too."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.plan import NodeChange, Plan, User
from flowplan.planner.plan_data import plan_from_json, to_json
from flowplan.planner.select import Selection
from flowplan.render.look import Look
from flowplan.render.plan_text import plan_text
from tests.lab import Lab, change_of

ML = "/_plugins/_ml"


def agent(lab: Lab, name: str, **inputs: Any) -> str:
    body = {"name": name, "type": "flow", **inputs}
    found: str = lab.request("POST", f"{ML}/agents/_register", body)["agent_id"]
    return found


def tool(kind: str, **parameters: str) -> dict[str, Any]:
    return {"type": kind, "parameters": parameters}


def used(plan: Plan, node: str) -> list[tuple[str, str]]:
    return [(user.kind, user.name or user.id) for user in change_of(plan, node).used_by]


def add(lab: Lab, *nodes: dict[str, Any]) -> None:
    lab.nodes.extend(nodes)


def sent(lab: Lab) -> dict[str, int]:
    assert lab.connection is not None
    return dict(lab.connection.requests)


def test_a_model_that_goes_names_agents_and_pipelines_of_others(lab: Lab) -> None:
    lab.apply()
    model = str(lab.ids()["model"])
    bot = agent(lab, "support-bot", tools=[tool("MLModelTool", model_id=model)])
    agent(lab, "thinker", llm={"model_id": model})
    agent(lab, "bystander", tools=[tool("MLModelTool", model_id="another")])
    processor = {"text_embedding": {"model_id": model, "field_map": {"a": "b"}}}
    lab.request("PUT", "/_ingest/pipeline/embed", {"processors": [processor]})
    rag = {"retrieval_augmented_generation": {"model_id": model}}
    lab.request("PUT", "/_search/pipeline/rag", {"response_processors": [rag]})
    plan = lab.plan(mode="destroy")
    assert User("agent", bot, "support-bot") in change_of(plan, "model").used_by
    assert sorted(used(plan, "model")) == [
        ("agent", "support-bot"), ("agent", "thinker"),
        ("ingest_pipeline", "embed"), ("search_pipeline", "rag"),
    ]  # fmt: skip
    assert change_of(plan, "model").notes == ("they fail once it is gone",)
    assert used(plan, "deployment") == []
    text = plan_text(plan, Look(width=200))
    assert "used outside this plan by agent " in text
    assert f"agent support-bot ({bot})" in text


def test_a_connector_that_goes_names_models_of_others_and_foresees_the_refusal(lab: Lab) -> None:
    lab.apply()
    body = {"name": "theirs", "function_name": "remote", "connector_id": lab.ids()["connector"]}
    lab.request("POST", f"{ML}/models/_register", body)
    agent(lab, "caller", tools=[tool("ConnectorTool", connector_id=str(lab.ids()["connector"]))])
    plan = lab.plan(mode="destroy")
    assert used(plan, "connector") == [("model", "theirs"), ("agent", "caller")]
    (warning,) = plan.diagnostics
    assert (warning.severity, warning.code, warning.node) == ("warning", "FP393", "connector")
    assert "1 model outside this plan uses it" in warning.summary
    assert "theirs" in warning.detail


def test_a_replaced_connector_says_that_the_old_one_stays(lab: Lab) -> None:
    lab.apply()
    body = {"name": "theirs", "function_name": "remote", "connector_id": lab.ids()["connector"]}
    lab.request("POST", f"{ML}/models/_register", body)
    lab.inputs("connector")["protocol"] = "aws_sigv4"
    plan = lab.plan()
    # The workflow's own model moves along, so that it is not named.
    assert used(plan, "connector") == [("model", "theirs")]
    assert any("it stays, and apply exits 3" in note for note in change_of(plan, "connector").notes)
    assert [item.code for item in plan.diagnostics] == []


def test_a_replaced_model_says_that_others_keep_the_old_id(lab: Lab) -> None:
    lab.apply()
    agent(lab, "bot", llm={"model_id": str(lab.ids()["model"])})
    change = change_of(lab.plan(selection=Selection(replace=("model",))), "model")
    assert (change.action, [user.name for user in change.used_by]) == ("replace", ["bot"])
    assert "it keeps the old one's id, and fails once that is gone" in change.notes


def test_a_group_that_goes_names_models_of_others(lab: Lab) -> None:
    inputs = {"name": "shared"}
    add(lab, {"id": "group", "type": "register_model_group", "user_inputs": inputs})
    lab.apply()
    group = lab.ids()["group"]
    body = {
        "name": "theirs", "function_name": "remote", "connector_id": lab.ids()["connector"],
        "model_group_id": group,
    }  # fmt: skip
    lab.request("POST", f"{ML}/models/_register", body)
    lab.without("group")
    plan = lab.plan()
    assert used(plan, "group") == [("model", "theirs")]
    assert [item.code for item in plan.diagnostics] == ["FP393"]


def test_an_agent_that_goes_names_agents_and_search_pipelines(lab: Lab) -> None:
    add(
        lab, {"id": "agent", "type": "register_agent", "user_inputs": {"name": "a", "type": "flow"}}
    )
    lab.apply()
    ours = str(lab.ids()["agent"])
    agent(lab, "asker", tools=[tool("AgentTool", agent_id=ours)])
    translator = {"agentic_query_translator": {"agent_id": ours}}
    lab.request("PUT", "/_search/pipeline/asking", {"request_processors": [translator]})
    lab.without("agent")
    assert used(lab.plan(), "agent") == [("agent", "asker"), ("search_pipeline", "asking")]


def data(lab: Lab) -> None:
    """An index with an alias of its own, and two pipelines."""
    index = {"index_name": "words", "configurations": {"aliases": {"ours": {}}}}
    ingest = {"pipeline_id": "in", "configurations": {"processors": []}}
    search = {"pipeline_id": "out", "configurations": {"request_processors": []}}
    add(
        lab,
        {"id": "index", "type": "create_index", "user_inputs": index},
        {"id": "ingest", "type": "create_ingest_pipeline", "user_inputs": ingest},
        {"id": "search", "type": "create_search_pipeline", "user_inputs": search},
    )
    lab.apply()


def test_an_index_that_goes_names_tools_and_the_aliases_of_others(lab: Lab) -> None:
    data(lab)
    lab.request("PUT", "/words/_alias/theirs", {})
    agent(lab, "finder", tools=[tool("SearchIndexTool", index="words")])
    agent(lab, "talker", description="about words")
    lab.without("index")
    assert used(lab.plan(), "index") == [("agent", "finder"), ("alias", "theirs")]


def test_pipelines_that_go_name_the_indices_that_have_them_as_default(lab: Lab) -> None:
    data(lab)
    settings = {"index.default_pipeline": "in", "index.search.default_pipeline": "out"}
    lab.request("PUT", "/theirs", {"settings": settings})
    lab.request("PUT", "/other", {"settings": {"index.final_pipeline": "elsewhere"}})
    outer = {"processors": [{"pipeline": {"name": "in"}}]}
    lab.request("PUT", "/_ingest/pipeline/outer", outer)
    lab.without("ingest", "search")
    plan = lab.plan()
    assert used(plan, "ingest") == [("index", "theirs"), ("ingest_pipeline", "outer")]
    assert used(plan, "search") == [("index", "theirs")]


def test_a_pipeline_that_is_made_anew_under_its_name_is_missed_only_meanwhile(lab: Lab) -> None:
    data(lab)
    lab.request("PUT", "/theirs", {"settings": {"index.default_pipeline": "in"}})
    change = change_of(lab.plan(selection=Selection(replace=("ingest",))), "ingest")
    assert change.action == "replace"
    assert "it finds nothing while it is made anew" in change.notes


def test_what_stays_in_this_state_is_named_when_the_plan_is_partial(lab: Lab) -> None:
    lab.apply()
    body = {
        "id": "second", "type": "register_remote_model",
        "user_inputs": {
            "name": "second", "function_name": "remote", "connector_id": lab.ids()["connector"],
        },
    }  # fmt: skip
    add(lab, body)
    lab.apply()
    plan = lab.plan(mode="destroy", selection=Selection(target=("connector",)))
    assert used(plan, "connector") == [("model", "second")]


@pytest.mark.parametrize("number", [1, 7])
def test_the_number_of_looks_does_not_depend_on_that_of_the_nodes(lab: Lab, number: int) -> None:
    add(lab, *(
        {
            "id": f"model-{index}", "type": "register_remote_model",
            "previous_node_inputs": {"connector": "connector_id"},
            "user_inputs": {"name": f"m{index}", "function_name": "remote"},
        }
        for index in range(number)
    ))  # fmt: skip
    data(lab)
    lab.plan(mode="destroy")
    looks = {key: count for key, count in sent(lab).items() if key != "GET /"}
    assert looks == {
        "GET /_cat/plugins": 1, "GET /words/_stats/docs": 1, f"POST {ML}/models/_search": 1,
        f"POST {ML}/agents/_search": 1, "GET /_ingest/pipeline": 1, "GET /_search/pipeline": 1,
        "GET /words/_alias": 1, "GET /*/_settings": 2,
    }  # fmt: skip


def test_nothing_is_asked_where_nothing_goes_and_without_a_refresh(lab: Lab) -> None:
    lab.apply()
    agent(lab, "bot", llm={"model_id": str(lab.ids()["model"])})
    lab.inputs("model")["description"] = "new"
    lab.plan()
    assert f"POST {ML}/agents/_search" not in sent(lab)
    lab.without("deployment", "model")
    del lab.template["flowplan"]
    plan = lab.plan(refresh=False)
    assert (change_of(plan, "model").action, used(plan, "model"), sent(lab)) == ("delete", [], {})


def test_what_may_not_be_looked_at_is_said_and_the_plan_is_made(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowplan.errors import Diagnostic, Refused
    from flowplan.providers import references

    lab.apply()

    def forbidden(*_: object) -> Any:
        told = Diagnostic("error", "FP312", "the cluster refused POST /x (403)")
        raise Refused(told, status=403, reason="no permissions")

    monkeypatch.setattr(references, "read_all_documents", forbidden)
    plan = lab.plan(mode="destroy")
    (warning,) = plan.diagnostics
    assert (warning.severity, warning.code) == ("warning", "FP394")
    assert "agents could not be looked at: the cluster refused POST /x (403)." in warning.detail
    assert plan.summary["delete"] == 3


def test_a_saved_plan_keeps_who_uses_what() -> None:
    users = (User("agent", "id", "bot"), User("index", "i"))
    plan = Plan("w", "e", "apply", (NodeChange("n", "t", "delete", "removed", used_by=users),))
    assert plan_from_json(to_json(plan)) == plan


def test_many_users_are_counted_unless_all_are_asked_for() -> None:
    users = tuple(User("index", f"i{number}") for number in range(11))
    plan = Plan("w", "e", "apply", (NodeChange("n", "t", "delete", "removed", used_by=users),))
    assert "index i7 and 3 more" in plan_text(plan, Look(width=300))
    assert "index i10" in plan_text(plan, Look(width=300, verbose=True))
