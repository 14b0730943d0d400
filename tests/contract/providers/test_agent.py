from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import Refused

TOOLS = [
    {"type": "ListIndexTool", "name": "list", "parameters": {}},
    {
        "type": "MLModelTool",
        "name": "llm",
        "description": "",
        "parameters": {"model_id": "nobody", "n": 0.5, "on": True, "in": {"b": [1, "x"], "a": 1}},
        "attributes": {"input_schema": {"type": "object"}, "strict": False},
        "config": {"k": 1},
        "runtime_resources": {"r": {"list": [1, 2.5, None]}},
        "include_output_in_agent_response": True,
    },
]
WIDE = {
    "description": " an agent ",
    "app_type": "rag",
    "tools": TOOLS,
    "parameters": {"n": 1, "list": [1, "a"], "nested": {"y": 1, "x": {"z": 1e21}}, "on": True},
    "llm": {"model_id": "nobody", "parameters": {"max_iteration": 3}},
    "memory": {"type": "conversation_index", "window_size": 3},
}


def agent(bench: Any, **more: Any) -> Any:
    return bench.create("register_agent", {"name": bench.name("agent"), "type": "flow", **more})


def matches(bench: Any, made: Any) -> bool:
    seen = bench.seen(made).fields
    expected = bench.step(made.type).expect(made.inputs)
    return bool({key: seen.get(key) for key in expected} == expected)


@pytest.mark.parametrize(
    "more", [{}, {"tools": []}, {"parameters": {}}, {"type": "FLOW", "tools": TOOLS[:1]}, WIDE]
)
def test_what_is_registered_is_read_back_as_expected(bench: Any, more: dict[str, Any]) -> None:
    assert matches(bench, agent(bench, **more))


def test_the_id_is_recorded_and_given(bench: Any) -> None:
    made = agent(bench)
    assert bench.records[-1] == {"resource_id": made.resource_id}
    assert made.outputs == {"agent_id": made.resource_id}


def test_times_that_the_server_sets_are_not_sent(bench: Any) -> None:
    made = agent(bench, created_time=1, last_updated_time="2")
    document = bench.raw("GET", f"/_plugins/_ml/agents/{made.resource_id}")
    assert document["created_time"] > 2
    assert matches(bench, made)


def test_the_model_of_an_earlier_node_is_the_llms(bench: Any) -> None:
    made = agent(bench, model_id="earlier", llm={"parameters": {"max_iteration": 3}})
    llm = bench.seen(made).fields["llm"]
    assert llm == {"model_id": "earlier", "parameters": {"max_iteration": "3"}}
    assert "model_id" not in bench.seen(made).fields


def test_a_model_that_the_llm_names_comes_first(bench: Any) -> None:
    made = agent(bench, model_id="earlier", llm={"model_id": "own"})
    assert bench.seen(made).fields["llm"] == {"model_id": "own"}


def test_every_input_that_is_said_to_change_in_place_does(bench: Any) -> None:
    made = agent(bench, tools=TOOLS[:1], llm={"model_id": "a"}, memory=WIDE["memory"])
    bench.update(made, **WIDE, name=bench.name("renamed"))
    assert matches(bench, made)


def test_another_model_of_an_earlier_node_goes_into_the_llm(bench: Any) -> None:
    made = agent(bench, model_id="a", llm={"parameters": {"max_iteration": "3"}})
    bench.update(made, model_id="b")
    llm = bench.seen(made).fields["llm"]
    assert llm == {"model_id": "b", "parameters": {"max_iteration": "3"}}


def test_a_shorter_list_of_tools_is_an_update_in_place(bench: Any) -> None:
    made = agent(bench, tools=TOOLS)
    bench.update(made, tools=TOOLS[1:])
    assert [tool["name"] for tool in bench.seen(made).fields["tools"]] == ["llm"]


def test_nothing_is_sent_where_nothing_that_is_sent_changed(bench: Any) -> None:
    made = agent(bench, llm={"model_id": "own"})
    before = bench.connection.request_count
    bench.update(made, tools_order=["a"])
    bench.update(made)
    assert bench.connection.request_count == before


def test_deleting_twice_is_success(bench: Any) -> None:
    made = agent(bench)
    bench.delete(made)
    bench.delete(made)
    assert bench.seen(made) is None


def test_a_wrong_type_is_refused_with_the_clusters_words(bench: Any) -> None:
    with pytest.raises(Refused) as caught:
        agent(bench, type="nope")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail) == ("FP310", "Invalid Agent Type")


def test_an_agent_whose_answer_was_lost_is_found_by_its_content(bench: Any) -> None:
    made, other = agent(bench, **WIDE), agent(bench)
    wish = bench.wish(made)
    found = {item.resource_id: item for item in bench.step(made.type).find(bench.cluster(), wish)}
    assert {made.resource_id, other.resource_id} <= set(found)
    fields = found[made.resource_id].fields
    assert {key: fields.get(key) for key in wish.expected} == wish.expected
    assert found[made.resource_id].created is not None
    assert "tools" not in found[other.resource_id].fields


def test_many_agents_are_read_in_one_search(bench: Any) -> None:
    made = [agent(bench) for _ in range(3)]
    before = bench.connection.request_count
    seen = bench.step("register_agent").read(bench.cluster(), [item.resource_id for item in made])
    assert bench.connection.request_count == before + 1
    assert all(seen.values())
