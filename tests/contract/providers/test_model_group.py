from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import Refused


def test_what_is_registered_is_read_back_as_expected(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g"), "description": "a"})
    seen = bench.seen(made).fields
    assert seen == bench.step(made.type).expect(made.inputs)
    assert set(made.outputs) == {"model_group_id", "model_group_status"}


def test_an_empty_description_counts_as_none(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g"), "description": ""})
    assert bench.seen(made).fields == bench.step(made.type).expect(made.inputs)


def test_name_and_description_change_in_place(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g"), "description": "a"})
    bench.update(made, name=bench.name("h"), description="b")
    assert bench.seen(made).fields == {"name": bench.name("h"), "description": "b"}


def test_a_taken_name_is_refused_with_the_way_to_take_it_over(bench: Any) -> None:
    bench.create("register_model_group", {"name": bench.name("g")})
    with pytest.raises(Refused) as caught:
        bench.create("register_model_group", {"name": bench.name("g")})
    assert caught.value.diagnostics[0].code == "FP339"
    assert "model_group_id" in caught.value.diagnostics[0].hint


def test_holders_are_the_models_in_it(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g")})
    model = bench.model(bench.connector(), model_group_id=made.resource_id)
    found = bench.step(made.type).holders(bench.cluster(), [made.resource_id])
    assert [holder.resource_id for holder in found[made.resource_id]] == [model.resource_id]
    assert model.owned == ()


def test_one_with_models_is_not_deleted(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g")})
    bench.model(bench.connector(), model_group_id=made.resource_id)
    with pytest.raises(Refused) as caught:
        bench.delete(made)
    assert caught.value.status == 409


def test_deleting_twice_is_success(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g")})
    bench.delete(made)
    bench.delete(made)
    assert bench.seen(made) is None


def test_candidates_are_those_of_exactly_the_name(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g")})
    step = bench.step(made.type)
    (found,) = step.find(bench.cluster(), bench.wish(made))
    assert found.resource_id == made.resource_id


def test_renaming_to_a_taken_name_is_refused_with_its_reason(bench: Any) -> None:
    bench.create("register_model_group", {"name": bench.name("g")})
    other = bench.create("register_model_group", {"name": bench.name("h")})
    with pytest.raises(Refused) as caught:
        bench.update(other, name=bench.name("g"))
    assert caught.value.diagnostics[0].code == "FP339"


def test_an_update_without_changes_sends_nothing(bench: Any) -> None:
    made = bench.create("register_model_group", {"name": bench.name("g")})
    before = bench.connection.request_count
    assert dict(bench.update(made).values) == made.outputs
    assert bench.connection.request_count == before
