from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from flowplan.providers.sandbox.adapter import BASE_URL, SandboxAdapter, open_sandbox

ML = BASE_URL + "_plugins/_ml"


@pytest.fixture
def session_of(tmp_path: Path) -> Any:
    opened = []

    def session(url: Any = "sandbox:") -> Any:
        found = requests.Session()
        found.trust_env = False
        found.mount(
            "http+sandbox://", open_sandbox(url, default_path=tmp_path / "dir" / "sandbox.db")
        )
        opened.append(found)
        return found

    yield session
    for found in opened:
        found.close()


def test_a_session_gets_real_responses(session_of: Any) -> None:
    session = session_of()
    response = session.get(BASE_URL)
    assert response.status_code == 200
    assert response.reason == "OK"
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert response.json()["version"]["number"] == "3.6.0"
    assert response.encoding == "UTF-8"
    assert response.elapsed.total_seconds() > 0
    assert response.url == BASE_URL
    assert session.get(BASE_URL + "_nope").status_code == 400


def test_query_parameters_survive(session_of: Any) -> None:
    rows = (
        session_of()
        .get(BASE_URL + "_cat/plugins", params={"format": "json", "h": "component"})
        .json()
    )
    assert rows[0] == {"component": "opensearch-flow-framework"}


def test_bodies_headers_and_other_alphabets_arrive(session_of: Any, connector_body: Any) -> None:
    session = session_of()
    connector_body["name"] = "Übersetzer 翻訳"
    id_ = session.post(f"{ML}/connectors/_create", json=connector_body).json()["connector_id"]
    assert session.get(f"{ML}/connectors/{id_}").json()["name"] == "Übersetzer 翻訳"
    tasks = session.get(BASE_URL + "_tasks?group_by=none", headers={"X-Opaque-Id": "i"}).json()[
        "tasks"
    ]
    assert tasks[0]["headers"] == {"X-Opaque-Id": "i"}
    assert session.post(f"{ML}/connectors/_create", data="{nope").status_code == 400
    assert session.delete(f"{ML}/connectors/n%20ope").json()["_id"] == "n ope"


def test_head_has_no_body(session_of: Any) -> None:
    response = session_of().head(BASE_URL)
    assert (response.status_code, response.content) == (200, b"")


def test_no_answer_is_a_connection_error(session_of: Any) -> None:
    for query in ("reset_rate=1", "lost_rate=1"):
        with pytest.raises(requests.exceptions.ConnectionError) as caught:
            session_of(f"sandbox:?{query}").get(BASE_URL)
        assert caught.value.request is not None
        assert caught.value.request.url == BASE_URL


@pytest.mark.parametrize("timeout", [0.02, (5, 0.02)])
def test_latency_beyond_the_timeout_is_a_read_timeout(session_of: Any, timeout: Any) -> None:
    session = session_of("sandbox:?latency=10s")
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(BASE_URL, timeout=timeout)


def test_latency_within_the_timeout_is_waited_for(session_of: Any) -> None:
    response = session_of("sandbox:?latency=30ms").get(BASE_URL, timeout=5)
    assert response.elapsed.total_seconds() >= 0.03


def test_a_body_may_be_streamed(session_of: Any) -> None:
    assert session_of().get(BASE_URL, stream=True).raw.read()


def test_a_wrong_url_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no option latnecy"):
        open_sandbox("sandbox:?latnecy=1s", default_path=tmp_path / "x.db")
    assert not (tmp_path / "x.db").exists()


def test_the_path_of_the_url_wins(tmp_path: Path) -> None:
    adapter = open_sandbox(f"sandbox:{tmp_path}/named.db", default_path=tmp_path / "default.db")
    assert isinstance(adapter, SandboxAdapter)
    assert adapter.app.options.path == tmp_path / "named.db"
    adapter.close()
