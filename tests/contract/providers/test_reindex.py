from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError
from flowplan.protocol import Change


@pytest.fixture
def names(bench: Any) -> tuple[str, str]:
    found = f"fp-{bench.tag}-a", f"fp-{bench.tag}-b"
    for name in found:
        bench.create("create_index", {"index_name": name, "configurations": {}})
    bench.records.clear()
    return found


def copied(bench: Any, source: Any, target: str, **more: Any) -> Any:
    inputs = {"source_index": source, "destination_index": target, **more}
    return bench.create("reindex", inputs)


def test_documents_are_copied_by_a_task_that_is_recorded_first(bench: Any, names: Any) -> None:
    source, target = names
    made = copied(bench, source, target, refresh=True, slices="auto", max_docs=10)
    both = {"source_index": source, "destination_index": target}
    assert (made.resource_id, made.outputs) == (None, {"reindex": both})
    (record,) = bench.records
    assert record["resource_id"] == record["task_id"]
    assert ":" in record["task_id"]


def test_several_sources_are_written_with_commas_or_as_a_list(bench: Any, names: Any) -> None:
    source, target = names
    third = f"{target}-c"
    bench.create("create_index", {"index_name": third, "configurations": {}})
    copied(bench, f"{source},{third}", target)
    copied(bench, [source, third], target)


def test_a_copy_that_failed_is_told_in_the_words_of_the_cluster(bench: Any, names: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        copied(bench, f"{names[0]}-none", names[1])
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP363"
    assert "no such index" in diagnostic.detail


def resumed(bench: Any, made: Any, *changes: Change) -> Any:
    step = bench.step("reindex")
    return step.update(bench.cluster(), made, made.inputs, changes)


def test_a_copy_that_was_begun_is_waited_for_and_not_begun_again(bench: Any, names: Any) -> None:
    made = copied(bench, *names)
    made.resource_id = bench.records[0]["task_id"]
    before = bench.connection.request_count
    assert resumed(bench, made).values == made.outputs
    assert bench.connection.request_count == before + 2
    made.resource_id = None


@pytest.mark.parametrize("changed", [False, True])
def test_a_copy_is_begun_again_when_its_task_is_lost_or_its_inputs_changed(
    bench: Any, names: Any, changed: bool
) -> None:
    made = copied(bench, *names)
    task = bench.records[0]["task_id"]
    made.resource_id = task if changed else f"{task.partition(':')[0]}:99999999"
    changes = [Change(("refresh",), True)] if changed else []
    before = bench.connection.request_count
    assert resumed(bench, made, *changes).values == made.outputs
    assert bench.connection.request_count >= before + 2
    made.resource_id = None


def test_a_copy_that_failed_is_begun_again(bench: Any, names: Any) -> None:
    with pytest.raises(ProviderError):
        copied(bench, f"{names[0]}-none", names[1])
    made = copied(bench, *names)
    made.resource_id = bench.records[0]["task_id"]
    assert resumed(bench, made).values == made.outputs
    made.resource_id = None
