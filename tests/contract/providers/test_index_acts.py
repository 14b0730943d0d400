from __future__ import annotations

import json
from typing import Any

import pytest

from flowplan.errors import InUse, ProviderError
from flowplan.protocol import Change


@pytest.fixture
def name(bench: Any) -> str:
    name = f"fp-{bench.tag}"
    configuration = {"settings": {"refresh_interval": "5s"}, "aliases": {f"{name}-a": {}}}
    bench.create("create_index", {"index_name": name, "configurations": configuration})
    return name


def test_an_index_gets_what_is_written_and_keeps_the_rest(bench: Any, name: str) -> None:
    wanted = {"settings": {"number_of_replicas": 0}, "aliases": {f"{name}-b": {}}}
    configuration = json.dumps(wanted)
    made = bench.create("update_index", {"index_name": name, "configurations": configuration})
    assert (made.resource_id, made.outputs) == (None, {"index_name": name})
    found = bench.raw("GET", f"/{name}")[name]
    assert found["settings"]["index"]["number_of_replicas"] == "0"
    assert found["settings"]["index"]["refresh_interval"] == "5s"
    assert set(found["aliases"]) == {f"{name}-a", f"{name}-b"}


def test_it_is_done_again_when_its_inputs_change(bench: Any, name: str) -> None:
    made = bench.create("update_index", {"index_name": name, "configurations": {}})
    bench.update(made, configurations={"settings": {"number_of_replicas": 0}})
    found = bench.raw("GET", f"/{name}")[name]
    assert found["settings"]["index"]["number_of_replicas"] == "0"


def test_what_the_index_can_not_take_is_refused(bench: Any, name: str) -> None:
    configuration = {"settings": {"number_of_shards": 2}}
    with pytest.raises(InUse):
        bench.create("update_index", {"index_name": name, "configurations": configuration})


@pytest.mark.parametrize("type_", ["ingest", "search"])
def test_a_pipeline_gets_another_body(bench: Any, type_: str) -> None:
    name = f"fp-{bench.tag}"
    body: dict[str, Any] = {"processors": []} if type_ == "ingest" else {}
    inputs = {"pipeline_id": name, "configurations": body}
    bench.create(f"create_{type_}_pipeline", inputs, {"existed": False})
    wanted = {**body, "description": "changed"}
    act = f"update_{type_}_pipeline"
    made = bench.create(act, {"pipeline_id": name, "configurations": wanted})
    assert (made.resource_id, made.outputs) == (None, {"pipeline_id": name})
    assert bench.raw("GET", f"/_{type_}/pipeline/{name}") == {name: wanted}
    again = {**made.inputs, "configurations": body}
    bench.step(act).update(bench.cluster(), made, again, [Change(("configurations",))])
    assert bench.raw("GET", f"/_{type_}/pipeline/{name}") == {name: body}


@pytest.mark.parametrize(
    ("type_", "key"),
    [
        ("update_index", "index_name"),
        ("update_ingest_pipeline", "pipeline_id"),
        ("update_search_pipeline", "pipeline_id"),
    ],
)
def test_what_is_not_there_can_not_be_updated(bench: Any, type_: str, key: str) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.create(type_, {key: f"fp-{bench.tag}-none", "configurations": {}})
    assert caught.value.diagnostics[0].code == "FP337"


def test_the_name_is_known_from_the_inputs(bench: Any) -> None:
    step = bench.step("update_index")
    assert step.preview({"index_name": "n"}) == {"index_name": "n"}
    assert step.preview({}) == {}
    assert step.expect({"index_name": "n"}) == {"index_name": "n"}
