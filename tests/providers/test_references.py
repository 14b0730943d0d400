"""Who names a resource: what counts as naming it, and what is told of what can't be read."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import Diagnostic, Refused, Unreachable
from flowplan.protocol import Holder
from flowplan.providers.pipeline import called
from flowplan.providers.references import by_id, looked, names_of_indices, words

ID = "gL4xK5QBEpCfUu_-AQdQ"


class Noting:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def refused(code: str) -> Refused:
    told = Diagnostic("error", code, "the cluster refused POST /x (403)")
    return Refused(told, status=403, reason="")


@pytest.mark.parametrize(
    "document",
    [
        {"llm": {"model_id": ID}},
        {"tools": [{"parameters": {"model_id": ID}}]},
        {"parameters": {"models": f'["{ID}", "other"]'}},
        {"processors": [{"ml_inference": {"model_id": ID}}]},
    ],
)
def test_an_id_is_named_by_any_text_that_has_it_as_a_word(document: Any) -> None:
    assert ID in words(document)


def test_a_longer_id_names_no_part_of_it() -> None:
    assert ID not in words({"model_id": f"{ID}x", "other": f"a-{ID}"})


def test_an_index_is_named_only_where_a_key_speaks_of_one() -> None:
    document = {
        "description": "logs", "parameters": {"index": "logs", "indices": '["one", "two"]'},
        "tools": [{"source_index": ["three"]}],
    }  # fmt: skip
    assert names_of_indices(document) == {"logs", "one", "two", "three"}
    assert names_of_indices({"description": "logs"}) == set()


def test_a_pipeline_is_called_by_a_processor_at_any_depth() -> None:
    inner = {"foreach": {"processor": {"pipeline": {"name": "b"}}}}
    assert called({"processors": [{"pipeline": {"name": "a"}}, inner, 3]}) == {"a", "b"}


def test_what_is_forbidden_is_told_and_no_error() -> None:
    cluster = Noting()

    def look() -> dict[str, int]:
        raise refused("FP312")

    assert looked(cluster, "agents", look) == {}  # type: ignore[arg-type]
    assert cluster.notes == ["agents could not be looked at: the cluster refused POST /x (403)"]


def test_a_cluster_without_such_an_api_has_nothing_of_it() -> None:
    cluster = Noting()

    def look() -> dict[str, int]:
        raise refused("FP317")

    assert looked(cluster, "agents", look) == {}  # type: ignore[arg-type]
    assert cluster.notes == []


def test_a_cluster_that_does_not_answer_is_an_error() -> None:
    def look() -> dict[str, int]:
        raise Unreachable.of("FP322", "gone")

    with pytest.raises(Unreachable):
        looked(Noting(), "agents", look)  # type: ignore[arg-type]


def test_a_holder_that_is_found_twice_is_one() -> None:
    holder = Holder("agent", "a")
    assert by_id([("x", holder), ("x", holder), ("y", holder)]) == {"x": [holder], "y": [holder]}
