"""What a name means."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.expressions import NameScope, UnknownName, evaluate, find, target
from flowplan.planner.values import Sensitive


def unknown(path, outputs=None, params=None) -> UnknownName:
    with pytest.raises(UnknownName) as caught:
        find(path, outputs or {}, params or {})
    return caught.value


def test_an_output_comes_before_a_param_of_the_same_dotted_name():
    assert find(("a", "b"), {"a": {"b": 1}}, {"a.b": 2}) == 1


def test_a_dotted_param_is_found_where_the_node_has_no_such_output():
    assert find(("a", "b"), {"a": {"c": 1}}, {"a.b": 2}) == 2


def test_a_param_with_three_parts_is_found_by_its_whole_name(value):
    assert value("create_connector.credential.key") == "literal"


def test_a_dotted_param_comes_before_a_member_of_a_param():
    assert find(("a", "b"), {}, {"a": {"b": 1}, "a.b": 2}) == 2


def test_a_member_of_a_param_is_found_by_the_longest_name():
    assert find(("a", "b", "c"), {}, {"a": {"b": {"c": 1}}, "a.b": {"c": 2}}) == 2


def test_a_member_of_an_output_is_found():
    assert find(("a", "b", "c"), {"a": {"b": {"c": 1}}}, {}) == 1


def test_a_node_does_not_fall_back_to_members_of_a_param():
    assert 'no output "b"' in unknown(("a", "b"), {"a": {"c": 1}}, {"a": {"b": 1}}).message


def test_a_node_id_may_have_dots(value):
    assert value("gpt-3.5-model.model_id") == "M35"


def test_the_longest_node_id_wins():
    outputs: dict[str, dict[str, Any]] = {"a": {"b": {"c": 1}}, "a.b": {"c": 2}}
    assert find(("a", "b", "c"), outputs, {}) == 2


def test_an_instance_of_a_for_each_is_found(value):
    assert value('group["eu"].model_group_id') == "G"


def test_a_name_with_a_dash_finds_its_param(value):
    assert value("api-key") == "dashed"


def test_a_wrong_output_lists_those_there_are():
    found = unknown(("node", "xyz"), {"node": {"model_id": 1, "size": 2}})
    assert found.hint == "It gives model_id, size."


def test_a_wrong_output_gets_the_nearest():
    found = unknown(("node", "modelid"), {"node": {"model_id": 1}})
    assert "model_id" in found.hint


def test_an_output_of_a_node_that_gives_nothing_has_no_hint():
    assert unknown(("node", "x"), {"node": {}}).hint == ""


def test_a_node_alone_is_no_value():
    found = unknown(("node",), {"node": {"model_id": 1}})
    assert "is a node" in found.message
    assert "model_id" in found.hint


def test_a_wrong_param_gets_the_nearest():
    assert "openai_key" in unknown(("openai_kye",), {}, {"openai_key": 1}).hint


def test_a_wrong_node_gets_the_nearest_output():
    found = unknown(("nod", "model_id"), {"node": {"model_id": 1}})
    assert "node.model_id" in found.hint


def test_null_is_told_its_name():
    assert "none" in unknown(("null",)).hint


def test_a_subtraction_without_spaces_is_told_of_them():
    assert '"count - 1"' in unknown(("count-1",), {}, {"count": 1}).hint
    assert '"size - x"' in unknown(("n", "size-x"), {"n": {"size": 1}}).hint


def test_a_missing_member_gets_the_nearest():
    assert "model" in unknown(("p", "modle"), {}, {"p": {"model": 1}}).hint


def test_a_missing_member_of_a_sensitive_value_tells_nothing_of_the_others():
    found = unknown(("p", "modle"), {}, {"p": Sensitive({"model": 1})})
    assert "model" not in found.hint + found.message


@pytest.mark.parametrize("owner", [1, None, True, "text", [1]])
def test_what_has_no_members_says_so(owner):
    assert "member" in unknown(("p", "x"), {}, {"p": owner}).message


def test_an_unknown_name_reads_as_its_message():
    assert str(UnknownName("a.b")) == 'nothing is named "a.b"'


def test_a_name_may_be_looked_up_without_any_scope():
    with pytest.raises(UnknownName):
        NameScope().lookup(("a",))


def test_a_scope_of_ones_own_is_asked_for_the_whole_name():
    asked = []

    class Own:
        def lookup(self, path):
            asked.append(path)
            return "v"

    assert evaluate("${{ a.b['c'].d | upper }}", Own()) == "V"
    assert asked == [("a", "b", "c", "d")]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", "b"), ("a", ("b",))),
        (("a", "b", "c"), ("a", ("b", "c"))),
        (("x", "y", "id"), ("x.y", ("id",))),
        (("g", "eu", "id"), ('g["eu"]', ("id",))),
        (("a",), None),
        (("p", "q"), None),
    ],
)
def test_the_node_of_a_reference_is_known_without_values(path, found):
    assert target(path, {"a", "x.y", 'g["eu"]'}) == found
