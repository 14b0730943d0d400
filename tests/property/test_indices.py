"""Whatever an index is configured like, what was applied needs no further plan."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowplan.providers.index_form import canonical, flaw_of
from tests.lab import Lab

NAMES = st.sampled_from(
    ["refresh_interval", "index.refresh_interval", "number_of_replicas", "index.codec",
     "max_result_window", "index.search.idle.after", "knn", "knn.algo_param.ef_search"]
)  # fmt: skip
SETTINGS = st.dictionaries(NAMES, st.sampled_from([1, 2, "3", "5"]), max_size=4).map(
    lambda flat: (
        flat
        if len(flat) % 2
        else {
            "index": {key.removeprefix("index."): value for key, value in flat.items()},
        }
    )
)
FIELD = st.sampled_from(
    [
        {"type": "text"},
        {"type": "text", "index": True, "copy_to": "other"},
        {"type": "keyword", "ignore_above": 9},
        {"type": "keyword", "store": "false", "fields": {"t": {"type": "text"}}},
        {"type": "object", "properties": {"n": {"type": "long"}}},
        {"type": "object", "enabled": "false"},
        {"properties": {"d": {"type": "date", "format": "epoch_millis"}}},
    ]
)  # fmt: skip
MAPPINGS = st.fixed_dictionaries(
    {},
    optional={
        "dynamic": st.sampled_from([True, False, "strict"]),
        "_meta": st.sampled_from([{}, {"a": [1, {"b": None}]}]),
        "properties": st.dictionaries(st.sampled_from(["a", "b", "c"]), FIELD, max_size=3),
    },
)
ALIASES = st.dictionaries(
    st.sampled_from(["x", "y"]), st.sampled_from([{}, {"routing": "1"}]), max_size=2
)
CONFIGURATION = st.fixed_dictionaries(
    {}, optional={"settings": SETTINGS, "mappings": MAPPINGS, "aliases": ALIASES}
).filter(lambda made: flaw_of(made) is None)


@given(CONFIGURATION)
def test_the_one_spelling_of_the_one_spelling_is_itself(configuration: dict[str, Any]) -> None:
    once = canonical(configuration)
    assert canonical(once) == once


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CONFIGURATION, min_size=1, max_size=3), st.booleans())
def test_after_each_apply_the_plan_is_empty(versions: list[dict[str, Any]], as_text: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        inputs: dict[str, Any] = {"index_name": "fp"}
        node = {"id": "index", "type": "create_index", "user_inputs": inputs}
        lab = Lab(Path(directory), {"name": "w", "workflows": {"provision": {"nodes": [node]}}})
        lab.params = {}
        for version in versions:
            text = json.dumps(version) if as_text else version
            lab.inputs("index")["configurations"] = text
            assert lab.apply().failed == 0, [event.diagnostic for event in lab.events]
            plan = lab.plan()
            assert plan.empty, plan.pending
            assert plan.drift == ()
        lab.destroy()
        assert lab.request("GET", "/_cat/indices", params={"format": "json"}) == []
