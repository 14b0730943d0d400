"""Whatever is sent, the answer is one that is documented, and what was kept can be shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from flowplan.server.openapi import document
from tests.server.bench import PREFIX, Bench
from tests.server.templates import chat, index

JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
        st.sampled_from(["${{ x }}", "${{ a.b }}", "${{", "noop", "connector", "create_index"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, (*path, number))


@st.composite
def templates(draw: st.DrawFn) -> Any:
    """A good template with a few of its parts replaced, removed or added to."""
    made: Any = draw(st.sampled_from([chat(), index()]))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(made), key=str)))
        if not path:
            continue
        parent = made
        for step in path[:-1]:
            parent = parent[step]
        what = draw(st.sampled_from(["replace", "remove", "add"]))
        if what == "replace":
            parent[path[-1]] = draw(JUNK)
        elif what == "remove":
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=6))] = draw(JUNK)
        else:
            parent.append(draw(JUNK))
    return made


@pytest.fixture(scope="module")
def open_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("fuzz")) as bench:
        yield bench


@seed(8)
@settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(template=templates(), validation=st.sampled_from(["all", "none"]))
def test_a_broken_template_is_refused_or_kept_and_shown(
    open_bench: Bench, template: Any, validation: str
) -> None:
    documented = set(document()["paths"][PREFIX]["post"]["responses"])
    status, body = open_bench.ask("POST", f"?validation={validation}", json.dumps(template))
    assert str(status) in documented, (status, body)
    assert status < 500 or status == 501, body
    if status != 201:
        assert isinstance(body["error"], str)
        return
    workflow = body["workflow_id"]
    assert open_bench.ask("GET", workflow)[0] == 200
    assert open_bench.ask("GET", f"{workflow}/_plan")[0] in {200, 400}
    status, body = open_bench.ask("POST", f"{workflow}/_provision")
    assert status in {202, 400, 403, 501}, body
    open_bench.settle()
    open_bench.ask("POST", f"{workflow}/_deprovision?allow_delete=index,index-p")
    assert open_bench.ask("DELETE", f"{workflow}?clear_status=true")[0] == 200
    assert open_bench.ask("POST", "_search")[1]["hits"]["total"]["value"] == 0


@seed(8)
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(data=st.binary(max_size=60), kind=st.sampled_from(["json", "yaml", "x-yaml"]))
def test_any_bytes_are_answered(open_bench: Bench, data: bytes, kind: str) -> None:
    for path in ("", "_search", "state/_search", "nope/_provision"):
        status, body = open_bench.ask("POST", path, data, content_type=f"application/{kind}")
        assert status < 500, body
        if status == 201:
            open_bench.ask("DELETE", body["workflow_id"])


@seed(8)
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(query=JUNK)
def test_any_query_is_answered(open_bench: Bench, query: Any) -> None:
    for path in ("_search", "state/_search"):
        status, body = open_bench.ask("POST", path, json.dumps({"query": query}))
        assert status in {200, 400}, body
        status, body = open_bench.ask("POST", path, json.dumps(query))
        assert status in {200, 400}, body
