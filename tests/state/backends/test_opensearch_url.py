"""What the URL of a state in OpenSearch means, and which environment variables count for it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flowplan.errors import ProviderError, StateError
from flowplan.state.backends.opensearch import OpenSearchStore
from flowplan.state.backends.opensearch_url import parse_url
from flowplan.state.backends.store import Stored
from flowplan.state.lock import here
from tests.state.backends.document_service import Service, document_service

EXPIRED, LONG = -1.0, 600.0


@pytest.fixture
def service() -> Iterator[Service]:
    """A stand-in that says what it was asked."""
    with document_service() as service:
        yield service


def at(service: Service, environ: Mapping[str, str], user: str = "") -> OpenSearchStore:
    return OpenSearchStore.at(f"opensearch://{user}{urlsplit(service.url).netloc}/states", environ)


def authorization(service: Service, environ: Mapping[str, str], user: str = "") -> str | None:
    at(service, environ, user).read()
    return service.asked[-1][2].get("Authorization")


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("url", "endpoint", "index", "key"),
    [
        ("opensearch://127.0.0.1:9200/states", "http://127.0.0.1:9200", "states", "default"),
        ("opensearch://127.8.0.1/states", "http://127.8.0.1:9200", "states", "default"),
        ("opensearch://localhost:1/s/", "http://localhost:1", "s", "default"),
        ("opensearch://[::1]:9201/s", "http://[::1]:9201", "s", "default"),
        ("opensearch://search.example.org/s", "https://search.example.org:9200", "s", "default"),
        ("opensearch://10.0.0.1/s?tls=false", "http://10.0.0.1:9200", "s", "default"),
        ("opensearch://localhost/s?tls=true&key=a.B-1", "https://localhost:9200", "s", "a.B-1"),
        ("opensearch://h:443/gate/way/.states", "https://h:443/gate/way", ".states", "default"),
        ("opensearch://u:p%40@h/s", "https://u:p%40@h:9200", "s", "default"),
    ],
)
def test_a_url_names_an_endpoint_an_index_and_a_key(
    url: str, endpoint: str, index: str, key: str
) -> None:
    place = parse_url(url)
    assert (place.endpoint, place.index, place.key) == (endpoint, index, key)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("opensearch://h:9200", "names no index"),
        ("opensearch://h:9200/", "names no index"),
        ("opensearch:///states", "isn't of the form"),
        ("opensearch://h:port/states", "can't be read"),
        ("opensearch://h/states#x", "isn't of the form"),
        ("opensearch://h/sta tes", "isn't of the form"),
        ("opensearch://h/States", "no name for one index"),
        ("opensearch://h/a,b", "no name for one index"),
        ("opensearch://h/*", "no name for one index"),
        ("opensearch://h/_all", "no name for one index"),
        ("opensearch://h/..", "no name for one index"),
        ("opensearch://h/s?key=", 'key "" has other characters'),
        ("opensearch://h/s?key=a:b", "has other characters"),
        ("opensearch://h/s?key=a&key=b", "twice"),
        ("opensearch://h/s?tls=yes", "not true or false"),
        ("opensearch://h/s?kee=a", 'did you mean "key"?'),
        ("opensearch://h/s?region=eu", 'no option "region"'),
    ],
)
def test_a_url_that_names_no_place_is_refused_with_the_reason(url: str, said: str) -> None:
    with pytest.raises(StateError) as caught:
        parse_url(url)
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP454"
    assert said in problem.detail


def test_a_refused_url_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(StateError) as caught:
        parse_url("opensearch://me:geheim@h/s?tls=yes")
    assert "geheim" not in f"{caught.value.diagnostics}"


def test_the_location_is_the_url_without_credentials() -> None:
    url = "opensearch://h:9200/gateway/s?key=k&tls=false"
    assert parse_url(url.replace("//", "//me:geheim@")).location == url
    assert "geheim" not in repr(parse_url(url.replace("//", "//me:geheim@")))


@pytest.mark.parametrize(
    ("environ", "user", "sent"),
    [
        ({}, "", None),
        ({"FLOWPLAN_USERNAME": "a", "FLOWPLAN_PASSWORD": "b"}, "", basic("a:b")),
        ({}, "me:geheim@", basic("me:geheim")),
        ({"FLOWPLAN_USERNAME": "a", "FLOWPLAN_PASSWORD": "b"}, "me:geheim@", basic("me:geheim")),
        (
            {"FLOWPLAN_STATE_USERNAME": "c", "FLOWPLAN_STATE_PASSWORD": "d"},
            "me:geheim@",
            basic("c:d"),
        ),
        (
            {
                "FLOWPLAN_USERNAME": "a",
                "FLOWPLAN_PASSWORD": "b",
                "FLOWPLAN_STATE_TOKEN": "t0ken",
            },
            "",
            "Bearer t0ken",
        ),
        (
            {
                "FLOWPLAN_TOKEN": "t0ken",
                "FLOWPLAN_STATE_USERNAME": "c",
                "FLOWPLAN_STATE_PASSWORD": "d",
            },
            "",
            basic("c:d"),
        ),
    ],
)
def test_the_states_own_credentials_replace_all_of_the_clusters(
    service: Service, environ: dict[str, str], user: str, sent: str | None
) -> None:
    assert authorization(service, environ, user) == sent


def test_half_a_credential_is_named_as_it_was_set(service: Service) -> None:
    with pytest.raises(ProviderError) as caught:
        at(service, {"FLOWPLAN_STATE_USERNAME": "me", "FLOWPLAN_PASSWORD": "b"})
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP325"
    assert "FLOWPLAN_STATE_USERNAME and FLOWPLAN_STATE_PASSWORD" in problem.summary


def test_a_setting_of_the_cluster_keeps_its_name_in_messages(
    service: Service, tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.pem")
    for name in ("FLOWPLAN_CA_BUNDLE", "FLOWPLAN_STATE_CA_BUNDLE"):
        with pytest.raises(ProviderError) as caught:
            at(service, {name: missing})
        assert caught.value.diagnostics[0].summary.startswith(f"{name} names")


def test_certificates_that_are_not_checked_are_told() -> None:
    url = "opensearch://h/s"
    (warning,) = OpenSearchStore.at(url, {"FLOWPLAN_INSECURE": "1"}).warnings
    assert warning.code == "FP390"
    own = {"FLOWPLAN_INSECURE": "1", "FLOWPLAN_STATE_INSECURE": "0"}
    assert OpenSearchStore.at(url, own).warnings == ()


# What the place answers


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b'{"error": "Unauthorized"}', "FP451"),
        (403, b'{"error": {"type": "security_exception", "reason": "no"}, "status": 403}', "FP451"),
        (413, b"", "FP452"),
        (400, b'{"error": {"type": "x", "reason": "r"}, "status": 400}', "FP452"),
        (301, b"", "FP452"),
        (200, b"<html>", "FP450"),
        (200, b"{}", "FP450"),
        (200, b"[]", "FP450"),
        (404, b"<html>", "FP450"),
        (404, b"{}", "FP450"),
        (404, b'{"error": "no such page"}', "FP450"),
        (404, b'{"error": {"type": "other"}}', "FP450"),
    ],
)
def test_an_answer_that_is_no_state_is_told_and_not_taken_for_an_empty_one(
    service: Service, status: int, body: bytes, code: str
) -> None:
    service.fixed = status, body
    with pytest.raises(StateError) as caught:
        at(service, {}).read()
    problem = caught.value.diagnostics[0]
    assert problem.code == code
    assert problem.summary
    assert problem.hint


def test_a_document_that_the_node_can_not_read_is_an_error(service: Service) -> None:
    store, me = at(service, {}), here("apply")
    store.acquire(me, LONG)
    store.save(me.id, b"one", 1, 0)
    plain = service.answer

    def failing(method: str, target: str, body: object) -> tuple[int, object]:
        if "_mget" in target:
            return 200, {"docs": [{"_id": "x", "error": {"reason": "shard is gone"}}]}
        return plain(method, target, body)

    service.answer = failing  # type: ignore[method-assign]
    with pytest.raises(StateError) as caught:
        store.read()
    assert (caught.value.diagnostics[0].code, caught.value.diagnostics[0].detail) == (
        "FP452",
        "shard is gone",
    )


def test_what_helps_with_a_proxy_is_said_as_for_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    store = OpenSearchStore.at("opensearch://search.example.org/states?tls=false", {})
    with pytest.raises(StateError) as caught:
        store.read()
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP450"
    assert "HTTP_PROXY" in problem.hint


def test_a_node_that_speaks_no_tls_is_a_reason_to_look_at_the_url(service: Service) -> None:
    place = urlsplit(service.url).netloc
    with pytest.raises(StateError) as caught:
        OpenSearchStore.at(f"opensearch://{place}/states?tls=true", {}).read()
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP450"
    assert "?tls=false" in problem.hint
    assert "--endpoint" not in problem.hint


def test_a_lease_is_as_old_as_the_clusters_clock_says(service: Service) -> None:
    store = at(service, {})
    service.shift = -86_400.0
    store.acquire(here("apply"), LONG)
    lease = store.read().lease
    assert lease is not None
    assert lease.age < 60
    service.shift += LONG + 60
    assert at(service, {}).acquire(here("apply"), LONG) is None


def test_a_clock_that_went_back_makes_no_lease_of_negative_age(service: Service) -> None:
    store = at(service, {})
    store.acquire(here("apply"), LONG)
    service.shift = -3600.0
    lease = store.read().lease
    assert lease is not None
    assert lease.age == 0


def test_a_state_that_is_written_all_the_time_ends_in_an_error(service: Service) -> None:
    store, me = at(service, {}), here("apply")
    store.acquire(me, LONG)
    plain = service.answer

    def busy(method: str, target: str, body: object) -> tuple[int, object]:
        if method == "PUT":
            return 409, {}
        return plain(method, target, body)

    service.answer = busy  # type: ignore[method-assign]
    other = at(service, {})
    for act in (lambda: store.renew(me.id, LONG), lambda: other.acquire(me, LONG)):
        with pytest.raises(StateError) as caught:
            act()
        assert caught.value.diagnostics[0].code == "FP419"


def test_a_reader_that_is_overtaken_all_the_time_ends_in_an_error(service: Service) -> None:
    store, me = at(service, {}), here("apply")
    store.acquire(me, LONG)
    store.save(me.id, b"one", 1, 0)
    plain = service.answer

    def restless(method: str, target: str, body: object) -> tuple[int, object]:
        if "_mget" in target:
            store.renew(me.id, LONG)
            return 200, {"docs": []}
        return plain(method, target, body)

    service.answer = restless  # type: ignore[method-assign]
    with pytest.raises(StateError) as caught:
        at(service, {}).read()
    assert caught.value.diagnostics[0].code == "FP419"


def test_an_index_that_goes_while_it_is_read_is_an_empty_place(service: Service) -> None:
    store, me = at(service, {}), here("apply")
    store.acquire(me, LONG)
    store.save(me.id, b"one", 1, 0)
    plain = service.answer

    def vanishing(method: str, target: str, body: object) -> tuple[int, object]:
        if "_mget" in target:
            service.indices["states"].documents.clear()
        return plain(method, target, body)

    service.answer = vanishing  # type: ignore[method-assign]
    assert store.read() == Stored()
