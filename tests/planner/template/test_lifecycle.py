"""The lifecycle settings of a node: what can be written, and what can't be meant."""

from __future__ import annotations

import pytest

from flowplan.planner.template import Lifecycle
from flowplan.planner.template.paths import input_path, path_text
from flowplan.planner.template.triggers import triggers

GROUP = "id: a, type: register_model_group, user_inputs: {name: g}"
OTHER = "{id: b, type: register_model_group, user_inputs: {name: h}}"


def group(settings, rest=""):
    return f"nodes: [{{flowplan: {{{settings}}}, {GROUP}{rest}}}, {OTHER}]"


CASES = {
    "a flag that is a text": ("prevent_destroy: 'yes'", [("FP106", 4, 42)], "write true or false"),
    "an order that is a text": (
        "create_before_destroy: never", [("FP106", 4, 48)], "write true or false",
    ),
    "a flag that is null": ("keep_id: null", [("FP106", 4, 34)], "write true or false, or remove"),
    "paths that are no list": ("ignore_changes: name", [("FP106", 4, 41)], "write a list"),
    "a path that is a number": ("ignore_changes: [1]", [("FP106", 4, 42)], "quote it"),
    "an empty path": ('ignore_changes: [""]', [("FP106", 4, 42)], "write a string"),
    "a path that can't be read": (
        "ignore_changes: ['name.[']", [("FP176", 4, 42)], "write it as description",
    ),
    "a path that begins with a list": (
        "ignore_changes: ['[0].x']", [("FP176", 4, 42)], "write it as description",
    ),
    "triggers that are no list": ("replace_triggered_by: b", [("FP106", 4, 47)], "write a list"),
    "a trigger that is not there": (
        "replace_triggered_by: [c.name]", [("FP181", 4, 48)], "name a node, as in",
    ),
    "a trigger like another node": (
        "replace_triggered_by: [bb]", [("FP181", 4, 48)], 'did you mean "b"?',
    ),
    "a node that triggers itself": (
        "replace_triggered_by: [a.name]", [("FP181", 4, 48)], "name another node",
    ),
    "a time without a unit": ('timeout: "5"', [("FP175", 4, 34)], 'write it as "20s"'),
    "a time that is a number": ("timeout: 5", [("FP175", 4, 34)], 'write it as "20s"'),
    "a time that is null": ("timeout: null", [("FP175", 4, 34)], 'write it as "20s"'),
    "too many retries": ("retries: 21", [("FP175", 4, 34)], "write a number"),
    "retries below zero": ("retries: -1", [("FP175", 4, 34)], "write a number"),
    "retries that are a text": ("retries: '2'", [("FP175", 4, 34)], "write a number"),
    "retries that are true": ("retries: true", [("FP175", 4, 34)], "write a number"),
    "a setting of another name": (
        "prevent_destoy: true", [("FP102", 4, 25)], 'did you mean "prevent_destroy"?',
    ),
    "keep_id of what is no connector": ("keep_id: true", [("FP179", 4, 34)], "remove it"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_of_lifecycle_settings_it_is_reported(nodes, case):
    settings, places, hint = CASES[case]
    found = nodes(group(settings))
    assert found.places == places
    assert found.found[0].node == "a"
    assert found.found[0].hint.startswith(hint)
    assert found.template is None


def test_all_settings_together_are_read(nodes):
    found = nodes(
        group(
            "prevent_destroy: true, ignore_changes: [name], create_before_destroy: true, "
            "replace_triggered_by: [b, b.name], timeout: 5m, retries: 3"
        )
    )
    assert found.codes == []
    first = found.template.nodes[0]
    assert first.timeout == 300.0
    assert first.lifecycle == Lifecycle(
        prevent_destroy=True, ignore_changes=(("name",),), create_before_destroy=True,
        replace_triggered_by=("b", "b.name"), timeout=300.0, retries=3,
    )  # fmt: skip
    assert found.template.nodes[1].lifecycle == Lifecycle()


def test_all_is_every_path(nodes):
    found = nodes(group("ignore_changes: all"))
    assert found.template.nodes[0].lifecycle.ignore_changes == ((),)


def test_two_time_limits_have_to_be_one(nodes):
    inputs = GROUP.replace("{name: g}", "{name: g, node_timeout: 20s}")
    wrong = nodes(f"nodes: [{{flowplan: {{timeout: 30s}}, {inputs}}}]")
    assert wrong.places == [("FP178", 4, 34)]
    right = nodes(f"nodes: [{{flowplan: {{timeout: 20000ms}}, {inputs}}}]")
    assert right.codes == []
    assert right.template.nodes[0].timeout == 20.0


def test_an_ignored_path_of_no_input_is_a_warning_with_the_nearest(nodes):
    found = nodes(group("ignore_changes: [nmae.x]"))
    assert found.places == [("FP177", 4, 42)]
    assert found.found[0].severity == "warning"
    assert found.found[0].hint == 'did you mean "name"?'
    assert found.template is not None


@pytest.mark.parametrize(
    ("node", "setting", "column"),
    [
        ("id: a, type: noop", "prevent_destroy: true", 25),
        ("id: a, type: noop", "replace_triggered_by: [b]", 25),
        (
            "id: a, type: deploy_model, user_inputs: {model_id: x}",
            "create_before_destroy: true",
            25,
        ),
    ],
)
def test_a_setting_without_effect_is_a_warning(nodes, node, setting, column):
    found = nodes(f"nodes: [{{flowplan: {{{setting}}}, {node}}}, {OTHER}]")
    assert found.places == [("FP180", 4, column)]
    assert found.found[0].severity == "warning"
    assert found.template is not None


def test_a_connector_may_keep_its_id(nodes):
    found = nodes(
        "nodes: [{id: c, type: create_connector, flowplan: {keep_id: true}, user_inputs: "
        "{name: n, version: '1', protocol: http, credential: {k: v}, actions: []}}]"
    )
    assert found.codes == []
    assert found.template.nodes[0].lifecycle.keep_id


def test_settings_of_an_unknown_step_type_are_read_all_the_same(nodes):
    found = nodes("nodes: [{id: a, type: nop, flowplan: {prevent_destroy: true}}]")
    assert found.codes == ["FP103"]


def test_triggers_that_wait_for_one_another_are_a_circle(nodes):
    second = OTHER.replace("{id: b", "{flowplan: {replace_triggered_by: [a]}, id: b")
    found = nodes(f"nodes: [{{flowplan: {{replace_triggered_by: [b]}}, {GROUP}}}, {second}]")
    assert found.codes == ["FP110"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("name", ("name",)),
        ("parameters.model", ("parameters", "model")),
        ("actions[0].url", ("actions", 0, "url")),
        ('parameters["a.b"].c', ("parameters", "a.b", "c")),
        ("a-b.c d", ("a-b", "c d")),
    ],
)
def test_a_path_is_read_and_written(text, path):
    assert input_path(text) == path
    assert path_text(path) == text


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a[x]", "a[-1]", "[0]", 'a["', 'a["\\q"]'])
def test_what_is_no_path_is_none(text):
    assert input_path(text) is None


IDS = ("a", "a.b", 'g["eu"]', 'g["us"]')


@pytest.mark.parametrize(
    ("text", "owner", "found"),
    [
        ("a", "", [("a", ())]),
        ("a.b", "", [("a.b", ())]),
        ("a.b.c", "", [("a.b", ("c",))]),
        ("a.c[0]", "", [("a", ("c", 0))]),
        ("g", "", [('g["eu"]', ()), ('g["us"]', ())]),
        ("g.name", "", [('g["eu"]', ("name",)), ('g["us"]', ("name",))]),
        ('g["eu"].name', "", [('g["eu"]', ("name",))]),
        ("g[each.key]", 'm["us"]', [('g["us"]', ())]),
        ("g[each.key].name", 'm["us"]', [('g["us"]', ("name",))]),
        ("g[each.key]", "m", []),
        ("a.c..d", "", []),
        ("g.c..d", "", []),
        ("x", "", []),
    ],
)
def test_a_trigger_is_a_node_or_an_input_of_one(text, owner, found):
    assert triggers(text, IDS, owner) == found


def test_a_for_each_may_be_named_before_its_keys_are_known(nodes):
    several = OTHER.replace("{id: b", "{flowplan: {for_each: [x, y]}, id: b")
    for named in ("b", 'b["x"]', "b[each.key]", "b[each.key].name"):
        found = nodes(
            f"nodes: [{{flowplan: {{for_each: [x], replace_triggered_by: ['{named}']}}, {GROUP}}},"
            f" {several}]"
        )
        assert found.codes == []


def test_a_trigger_with_a_key_of_what_has_none_is_refused(nodes):
    found = nodes(
        f"nodes: [{{flowplan: {{replace_triggered_by: ['b[\"x\"]']}}, {GROUP}}}, {OTHER}]"
    )
    assert found.codes == ["FP181"]
    assert found.found[0].hint == 'did you mean "b"?'


def test_a_trigger_with_each_outside_of_a_for_each_is_refused(nodes):
    several = OTHER.replace("{id: b", "{flowplan: {for_each: [x, y]}, id: b")
    found = nodes(
        f"nodes: [{{flowplan: {{replace_triggered_by: ['b[each.key]']}}, {GROUP}}}, {several}]"
    )
    assert found.codes == ["FP181"]
    assert "each.key" in found.found[0].summary
