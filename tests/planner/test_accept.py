"""What drifted, found without a template, and the record that accepts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from flowplan.planner.accept import Survey, survey
from flowplan.planner.diff import compare
from flowplan.planner.values import Json, Sensitive, canonical, is_sealed, seal
from flowplan.protocol import Cluster, InputSpec, Owned, StepSchema
from flowplan.providers.registry import Registry
from flowplan.providers.step import Step
from flowplan.state.model import Deposed, ResourceRecord

SALT = "ab" * 16
HERE = cast("Cluster", None)


class Thing(Step):
    """Kept on a cluster that is a dict. Asked for `on`, it is shown as running."""

    name = "thing"
    kind = "thing"
    schema = StepSchema(
        {
            "text": InputSpec(), "map": InputSpec(), "list": InputSpec(),
            "hidden": InputSpec(write_only=True), "folded": InputSpec(), "running": InputSpec(),
        },
        resource_type="thing_id",
    )  # fmt: skip

    def __init__(self, documents: Mapping[str, Json]) -> None:
        self.documents = documents
        self.fetched: list[Sequence[str]] = []

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        return {**super().expect(inputs), **({"running": True} if "on" in inputs else {})}

    def fetch(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Json | None]:
        self.fetched.append(ids)
        return {key: self.documents.get(key) for key in ids}


class Group(Thing):
    """What comes along with a thing."""

    name = "group"
    kind = "group"


def looked_at(
    *records: ResourceRecord, there: Mapping[str, Json], nodes: Sequence[str] | None = None
) -> Survey:
    registry = Registry((Thing(there), Group(there)))
    known = {record.node: record for record in records}
    return survey(registry, HERE, known, known if nodes is None else nodes, SALT)


def record(inputs: Mapping[str, Any], observed: Json = ..., **more: Any) -> ResourceRecord:
    sealed = seal(inputs, SALT)
    shown = {key: value for key, value in sealed.items() if key not in ("hidden", "on")}
    return ResourceRecord(
        "a", "thing", "thing_id", "1", sealed, shown if observed is ... else observed, **more
    )


def accepted(inputs: Mapping[str, Any], there: Json, observed: Json = ...) -> ResourceRecord:
    return looked_at(record(inputs, observed), there={"1": there}).records["a"]


# ---- finding it -------------------------------------------------------------------------------


def test_what_is_as_it_was_read_back_is_no_drift() -> None:
    before = record({"text": "x"})
    found = looked_at(before, there={"1": {"text": "x"}})
    assert (found.drift, found.looked_at) == ((), 1)
    assert found.records["a"] is before


def test_drift_says_for_each_field_whether_the_template_set_it() -> None:
    before = record({"map": {"a": 1}}, {"map": {"a": 1}, "text": "t"})
    (drift,) = looked_at(before, there={"1": {"map": {"a": 2, "b": 3}, "text": "u"}}).drift
    assert [(f.path, f.before, f.after, f.left_alone) for f in drift.fields] == [
        (("text",), "t", "u", True),
        (("map", "a"), 1, 2, False),
        (("map", "b"), None, 3, True),
    ]
    assert (drift.gone, drift.restored) == (False, False)


def test_what_was_never_read_back_can_not_drift() -> None:
    before = record({"text": "x"}, None)
    found = looked_at(before, there={"1": {"text": "y"}})
    assert (found.drift, found.records["a"]) == ((), before)


def test_only_the_named_nodes_are_read() -> None:
    other = ResourceRecord("b", "thing", "thing_id", "2", {"text": "x"}, {"text": "x"})
    found = looked_at(record({"text": "x"}), other, there={}, nodes=["b"])
    assert [item.node for item in found.drift] == ["b"]
    assert list(found.records) == ["a"]


def test_drift_is_told_by_name_whatever_the_order_of_the_state() -> None:
    records = [
        ResourceRecord(node, kind, "thing_id", node, {"text": "x"}, {"text": "x"})
        for node, kind in (("z", "thing"), ("b", "group"), ("a", "thing"))
    ]
    assert [item.node for item in looked_at(*records, there={}).drift] == ["a", "b", "z"]


# ---- accepting it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "there", "then"),
    [
        ({"text": "x"}, {"text": "y"}, {"text": "y"}),
        ({"text": "x"}, {}, {}),
        ({"text": 1}, {"text": True}, {"text": True}),
        ({"map": {"a": 1, "b": 2}}, {"map": {"a": 1, "b": 3, "c": 4}}, {"map": {"a": 1, "b": 3}}),
        ({"map": {"a": 1, "b": 2}}, {"map": {"b": 2}}, {"map": {"b": 2}}),
        ({"map": {"a": {"b": 1}}}, {"map": {"a": 5}}, {"map": {"a": 5}}),
        ({"map": {"a": 1}}, {"map": "x"}, {"map": "x"}),
        ({"list": [{"a": 1}, 2]}, {"list": [{"a": 1, "z": 1}, 3]}, {"list": [{"a": 1}, 3]}),
        ({"list": [1, 2]}, {"list": [1, 2, 3]}, {"list": [1, 2, 3]}),
        ({"list": [1, 2]}, {"list": [2]}, {"list": [2]}),
    ],
)
def test_what_the_template_set_is_recorded_as_it_is_now(
    written: dict[str, Json], there: Json, then: Json
) -> None:
    after = accepted(written, there)
    assert canonical(after.inputs) == canonical(then)
    assert after.observed == there


def test_what_only_the_cluster_has_is_recorded_as_read_and_not_as_set() -> None:
    after = accepted({"text": "x"}, {"text": "x", "map": {"a": 1}})
    assert (after.inputs, after.observed) == ({"text": "x"}, {"text": "x", "map": {"a": 1}})


def test_what_a_read_does_not_show_stays_as_written() -> None:
    written = {"text": "x", "hidden": "h", "map": {"shown": 1, "kept": 2}}
    after = accepted(
        written, {"text": "y", "map": {"shown": 2}}, {"text": "x", "map": {"shown": 1}}
    )
    assert after.inputs == {"text": "y", "hidden": "h", "map": {"shown": 2, "kept": 2}}


def test_another_spelling_of_the_server_is_kept_where_nothing_moved() -> None:
    after = accepted(
        {"map": {"a": 1, "b": 2}}, {"map": {"a": "1", "b": "3"}}, {"map": {"a": "1", "b": "2"}}
    )
    assert after.inputs == {"map": {"a": 1, "b": 3}}


def test_what_the_server_folds_into_a_text_is_unfolded() -> None:
    after = accepted(
        {"folded": {"a": 1, "b": [2]}}, {"folded": '{"a":1,"b":[3]}'}, {"folded": '{"a":1,"b":[2]}'}
    )
    assert after.inputs == {"folded": {"a": 1, "b": [3]}}


@pytest.mark.parametrize("text", ["no JSON", "[1]"])
def test_a_text_that_is_no_such_value_is_recorded_as_the_text(text: str) -> None:
    after = accepted({"folded": {"a": 1}}, {"folded": text}, {"folded": '{"a":1}'})
    assert after.inputs == {"folded": text}


def test_what_no_input_says_is_left_to_be_compared_with_what_is_expected() -> None:
    before = record({"text": "x", "on": True}, {"text": "x", "running": True})
    found = looked_at(before, there={"1": {"text": "x", "running": False}})
    assert [field.path for field in found.drift[0].fields] == [("running",)]
    after = found.records["a"]
    assert (after.inputs, after.observed) == (before.inputs, None)
    assert not looked_at(after, there={"1": {"text": "x", "running": False}}).drift


def test_accepted_drift_is_none_any_more_and_the_inputs_differ_from_the_template() -> None:
    there = {"text": "y", "map": {"a": 2, "b": 1}}
    after = accepted({"text": "x", "map": {"a": 1}}, there)
    assert not looked_at(after, there={"1": there}).drift
    wanted = {"text": "x", "map": {"a": 1}}
    assert [(d.path, d.before) for d in compare(after.inputs, wanted, SALT)] == [
        (("text",), "y"), (("map", "a"), 2),
    ]  # fmt: skip


# ---- secrets ----------------------------------------------------------------------------------


def test_a_secret_that_moved_is_sealed_as_drift_and_in_the_record() -> None:
    before = record({"map": {"key": Sensitive("old"), "n": 1}})
    found = looked_at(before, there={"1": {"map": {"key": "new-secret", "n": 2}}})
    assert [(f.path, f.sensitive) for f in found.drift[0].fields] == [
        (("map", "key"), True), (("map", "n"), False),
    ]  # fmt: skip
    after = found.records["a"]
    assert is_sealed(after.inputs["map"]["key"])
    assert after.inputs["map"] != before.inputs["map"]
    assert "new-secret" not in repr(found)


def test_a_secret_in_a_list_that_grew_is_sealed_wherever_it_is_now() -> None:
    before = record({"list": [{"key": Sensitive("s3cret")}]})
    found = looked_at(before, there={"1": {"list": [{"key": "first"}, {"key": "s3cret"}]}})
    assert "s3cret" not in repr(found)
    (field,) = found.drift[0].fields
    assert (field.path, field.sensitive) == (("list",), True)
    assert is_sealed(found.records["a"].inputs["list"])


def test_an_unchanged_secret_is_no_drift() -> None:
    before = record({"map": {"key": Sensitive("same")}, "hidden": Sensitive("h")})
    found = looked_at(before, there={"1": {"map": {"key": "same"}}})
    assert found.drift == ()


# ---- gone -------------------------------------------------------------------------------------


def test_what_is_gone_is_dropped() -> None:
    found = looked_at(record({"text": "x"}), there={})
    assert [(item.node, item.gone, item.fields) for item in found.drift] == [("a", True, ())]
    assert (found.records, found.warnings) == ({}, ())


def test_what_came_with_it_and_stays_is_told() -> None:
    owned = (Owned("group", "g1"), Owned("group", "g2"))
    found = looked_at(record({"text": "x"}, owned=owned), there={"g1": {}})
    assert found.records == {}
    (told,) = found.warnings
    assert (told.code, told.node, told.summary) == (
        "FP268", "a", "the group g1 stays on the cluster",
    )  # fmt: skip


def test_what_came_with_it_and_can_not_be_asked_for_is_told() -> None:
    before = record({"text": "x"}, owned=(Owned("nobody_reads", "g1"),))
    assert [item.code for item in looked_at(before, there={}).warnings] == ["FP268"]


def test_a_record_that_knows_of_a_replaced_resource_is_kept() -> None:
    before = record({"text": "x"}, deposed=(Deposed("thing", "thing_id", "0"),))
    found = looked_at(before, there={})
    assert found.records == {"a": before}
    (told,) = found.warnings
    assert told.code == "FP267"
    assert "thing 0 waits to be deleted" in told.detail
