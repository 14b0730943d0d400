from __future__ import annotations

import pytest

from flowplan.errors import StateError
from flowplan.state.edit import difference, move, not_recorded, remove, selected, users_of

HERE = "t.state.json"


def lists(type_name):
    return {"tools_order"} if type_name == "register_agent" else frozenset()


def renamed(state, source, dest):
    return move(state, source, dest, lists, HERE)


@pytest.fixture
def chat(state, record):
    """`a` ← `b` ← `c`, where `c` is an agent that lists `b`, and `b` replaced something."""
    older = record("b", resource_id="old").depose()
    found = state("a", serial=3)
    found = found.put(record("b", dependencies=("a",), deposed=(older,)))
    agent = {"type": "register_agent", "inputs": {"tools_order": ["b", "x"], "name": "b"}}
    return found.put(record("c", dependencies=("b", "a"), **agent))


def test_a_moved_node_keeps_its_place_and_all_but_its_name(chat):
    after = renamed(chat, "b", "model")
    assert list(after.resources) == ["a", "model", "c"]
    assert after.resources["model"].node == "model"
    assert after.resources["model"].resource_id == "id-b"
    assert after.resources["a"] == chat.resources["a"]


def test_who_used_a_moved_node_uses_it_by_its_new_name(chat):
    assert renamed(chat, "b", "model").resources["c"].dependencies == ("model", "a")


def test_what_a_moved_node_replaced_goes_with_it(chat):
    assert renamed(chat, "b", "model").resources["model"].deposed[0].node == "model"


def test_an_input_that_lists_nodes_lists_the_new_name_and_no_other_input_changes(chat):
    inputs = renamed(chat, "b", "model").resources["c"].inputs
    assert inputs == {"tools_order": ["model", "x"], "name": "b"}


def test_an_input_that_should_list_nodes_and_is_no_list_stays(chat, record):
    agent = {"type": "register_agent", "inputs": {"tools_order": "b"}}
    after = renamed(chat.put(record("c", **agent)), "b", "model")
    assert after.resources["c"].inputs == {"tools_order": "b"}


def test_names_with_brackets_and_quotes_are_moved(state):
    after = renamed(state('group["eu"]', "b"), 'group["eu"]', 'group["us"]')
    assert list(after.resources) == ['group["us"]', "b"]


def test_moving_there_and_back_gives_the_same_state(chat):
    assert renamed(renamed(chat, "b", "model"), "model", "b") == chat


def test_moving_onto_a_node_is_refused(chat):
    with pytest.raises(StateError, match="FP457"):
        renamed(chat, "b", "c")


def test_moving_a_node_that_is_not_there_names_the_nearest(state):
    with pytest.raises(StateError) as caught:
        renamed(state("connector"), "conector", "x")
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP491"
    assert "connector" in problem.detail


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2J"])
def test_a_name_that_can_not_be_shown_is_refused(chat, name):
    with pytest.raises(StateError, match="FP458"):
        renamed(chat, "b", name)


def test_removed_nodes_are_gone_and_the_rest_is_as_it_was(chat):
    after = remove(chat, {"b"})
    assert list(after.resources) == ["a", "c"]
    assert after.resources["c"] == chat.resources["c"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["b"], ["b"]),
        (["*"], ["a1", "a2", "b", 'g["eu"]', 'g["us"]']),
        (["a?"], ["a1", "a2"]),
        (["b", "a2"], ["a2", "b"]),
        (["b", "b", "*b*"], ["b"]),
        (['g["eu"]'], ['g["eu"]']),
        (["g[*"], ['g["eu"]', 'g["us"]']),
        (['g["?s"]'], ['g["us"]']),
    ],
)
def test_ids_and_globs_mean_the_nodes_that_they_match(state, wanted, found):
    recorded = state("a1", "a2", "b", 'g["eu"]', 'g["us"]')
    assert list(selected(recorded, wanted, HERE)) == found


def test_a_set_of_characters_is_no_glob(state):
    with pytest.raises(StateError, match="FP491"):
        selected(state("a1", "a2"), ["a[12]"], HERE)


def test_a_node_with_a_star_in_its_name_means_itself(state):
    assert selected(state("a*", "ab"), ["a*"], HERE) == ("a*",)


def test_every_word_that_matches_nothing_is_told(state):
    with pytest.raises(StateError) as caught:
        selected(state("a"), ["x", "a", "y*"], HERE)
    assert [item.summary for item in caught.value.diagnostics] == [
        'no node "x" in t.state.json',
        'no node "y*" in t.state.json',
    ]


def test_the_users_of_nodes_are_those_that_stay(chat):
    assert [record.node for record in users_of(chat, {"a"})] == ["b", "c"]
    assert [record.node for record in users_of(chat, {"a", "b"})] == ["c"]
    assert users_of(chat, {"c"}) == ()


def test_without_a_state_no_name_is_near():
    assert not_recorded("a", None, HERE).diagnostics[0].detail == ""


def test_a_difference_names_what_came_went_and_changed(state, record):
    before = state("a", "b", "c")
    after = state("b", "d").put(record("c", resource_id="other"))
    found = difference(before, after)
    assert (found.added, found.removed, found.changed) == (("d",), ("a",), ("c",))


def test_from_nothing_all_is_added(state):
    found = difference(None, state("a"))
    assert (found.added, found.removed, found.changed) == (("a",), (), ())
