from __future__ import annotations

import pytest

from flowplan.planner.values import Sensitive
from flowplan.protocol import Owned
from flowplan.state.model import Deposed, ProvisionStatus, ResourceRecord
from flowplan.state.records import (
    Malformed,
    from_json,
    intent_from_json,
    intent_to_json,
    record_from_json,
    record_to_json,
)


def test_a_full_record_comes_back_equal(record):
    full = record(
        inputs={"name": "a", "actions": [{"b": 1.5}]},
        observed={"name": "a"},
        outputs={"connector_id": "x"},
        dependencies=("one", "two"),
        status="tainted",
        owned=(Owned("model_group", "g"),),
        deposed=(Deposed("create_connector", "connector_id", "old", owned=(Owned("k", "r"),)),),
        pending=("description",),
        lifecycle={"prevent_destroy": True},
    )
    assert record_from_json(record_to_json(full)) == full


def test_an_intent_comes_back_equal(intent):
    full = intent(expected={"name": "a"}, notes={"n": [1]}, deposed=True)
    assert intent_from_json(intent_to_json(full)) == full


def test_a_whole_number_may_stand_for_a_time(intent):
    plain = {**intent_to_json(intent()), "at": 2}
    assert intent_from_json(plain).at == 2


def test_fields_with_a_default_may_be_left_out():
    assert record_from_json({"node": "a", "type": "noop"}) == ResourceRecord("a", "noop")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"node": 1}, "r.node: a string was expected, this is an integer"),
        ({"node": None}, "r.node: a string was expected, this is null"),
        ({"status": "fine"}, "r.status: one of ready, pending, tainted was expected"),
        ({"status": ["ready"]}, "r.status: one of ready, pending, tainted was expected"),
        ({"inputs": []}, "r.inputs: an object was expected, this is an array"),
        ({"observed": "x"}, "r.observed: an object was expected, this is a string"),
        ({"dependencies": "x"}, "r.dependencies: an array was expected, this is a string"),
        (
            {"dependencies": ["a", True]},
            "r.dependencies[1]: a string was expected, this is true or false",
        ),
        ({"owned": [1]}, "r.owned[0]: an object was expected, this is an integer"),
        ({"owned": [{"kind": "k"}]}, "r.owned[0].resource_id: this field is missing"),
        ({"colour": 1}, "r.colour: this field is not known"),
    ],
)
def test_a_wrong_field_is_named_with_its_path(change, message):
    with pytest.raises(Malformed) as caught:
        record_from_json({"node": "a", "type": "noop", **change}, "r")
    assert str(caught.value) == message


def test_a_missing_field_is_named():
    with pytest.raises(Malformed, match="node: this field is missing"):
        record_from_json({"type": "noop"})


def test_true_is_no_number():
    with pytest.raises(Malformed, match="start_time: an integer was expected"):
        from_json(ProvisionStatus, {"start_time": True})


def test_a_clear_secret_can_not_be_written(record):
    import json

    with pytest.raises(TypeError):
        json.dumps(record_to_json(record(inputs={"key": Sensitive("s3cret")})))
