"""Proxies of the environment: what they refuse, and that their passwords stay unseen."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from flowplan.errors import Diagnostic, FlowplanError, Refused, Unreachable
from flowplan.http import Connection

Open = Callable[..., Connection]
Server = Any

CREATE = "/_plugins/_ml/connectors/_create"


@pytest.fixture
def proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server as a proxy that wants to know who asks."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://ci:p%40ss-of-proxy@127.0.0.1:{server.port}")
    return server


def told(connect: Open, url: str, kind: type[FlowplanError]) -> Diagnostic:
    with pytest.raises(kind) as caught:
        connect(url).operation().request("POST", CREATE, body={})
    return caught.value.diagnostics[0]


def test_a_proxy_gets_its_own_credentials_and_not_the_cluster_s(
    proxy: Server, connect: Open
) -> None:
    proxy.script = [(407, b"")]
    connection = connect("https://search.example.org", environ={"FLOWPLAN_TOKEN": "cluster-token"})
    with pytest.raises(Unreachable):
        connection.operation().request("GET", "/")
    method, target, headers, _ = proxy.seen[0]
    sent = headers["Proxy-Authorization"].removeprefix("Basic ")
    assert (method, target) == ("CONNECT", "search.example.org:443")
    assert base64.b64decode(sent) == b"ci:p@ss-of-proxy"
    assert "Authorization" not in headers


def test_a_proxy_that_opens_no_way_has_lost_no_create(proxy: Server, connect: Open) -> None:
    proxy.script = [(407, b"")]
    diagnostic = told(connect, "https://search.example.org", Unreachable)
    assert "the proxy opens no way to it: 407" in diagnostic.detail
    assert "NO_PROXY" in diagnostic.hint
    assert len(proxy.seen) == 1


def test_a_proxy_without_tls_that_asks_for_credentials_is_named(
    proxy: Server, connect: Open
) -> None:
    proxy.script = [(407, b"")]
    diagnostic = told(connect, "http://search.example.org:9200", Refused)
    assert (diagnostic.code, diagnostic.summary[:9]) == ("FP392", "the proxy")


def test_a_proxy_s_password_is_not_shown(proxy: Server, connect: Open) -> None:
    proxy.script = [(403, b"ci may not; p@ss-of-proxy or p%40ss-of-proxy is wrong")]
    diagnostic = told(connect, "http://search.example.org:9200", Refused)
    assert diagnostic.detail == "ci may not; (sensitive) or (sensitive) is wrong"


def test_what_a_proxy_was_sent_is_not_shown(proxy: Server, connect: Open) -> None:
    proxy.script = [lambda: (403, proxy.seen[-1][2]["Proxy-Authorization"].encode())]
    diagnostic = told(connect, "http://search.example.org:9200", Refused)
    assert diagnostic.detail == "Basic (sensitive)"


@pytest.mark.parametrize("user", ["ci@", "ci:@", ""])
def test_a_proxy_without_a_password_hides_nothing(
    proxy: Server, connect: Open, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{user}127.0.0.1:{proxy.port}")
    proxy.script = [(403, b"ask http://ci.example.org:80")]
    diagnostic = told(connect, "http://search.example.org:9200", Refused)
    assert diagnostic.detail == "ask http://ci.example.org:80"


def test_a_proxy_that_is_not_there_has_lost_no_create(
    connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://no-such-proxy.invalid:3128")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    diagnostic = told(connect, "https://search.example.org", Unreachable)
    assert "the proxy can't be reached" in diagnostic.detail


@pytest.mark.parametrize(
    ("value", "words"),
    [("http://", "the proxy's address"), ("socks5://127.0.0.1:1080", "its proxy speaks SOCKS")],
)
def test_a_proxy_that_can_t_be_used_is_named(
    connect: Open, monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.setenv("https_proxy", value)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert words in told(connect, "https://search.example.org", Unreachable).detail


def test_a_host_that_is_excepted_needs_no_proxy(
    proxy: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    connect().operation().request("GET", "/direct")
    assert proxy.seen[0][1] == "/direct"
