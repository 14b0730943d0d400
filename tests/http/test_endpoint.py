"""Endpoints, credentials, certificates and proxies."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from flowplan.errors import ProviderError, Refused, Unreachable
from flowplan.http import Connection

Open = Callable[..., Connection]
Server = Any

CREATE = "/_plugins/_ml/connectors/_create"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def code_of(error: ProviderError) -> str:
    return error.diagnostics[0].code


class _Failing(requests.adapters.BaseAdapter):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *args: Any, **kw: Any) -> requests.Response:
        raise self.error

    def close(self) -> None:
        """Nothing."""


def test_credentials_from_the_url_are_sent_and_never_shown(server: Server, connect: Open) -> None:
    url = f"http://admin:p%40ss-word@127.0.0.1:{server.port}"
    server.script = [(401, b"Unauthorized p@ss-word")]
    connection = connect(url)
    with pytest.raises(Refused) as caught:
        connection.operation().request("GET", "/")
    sent = server.seen[0][2]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"admin:p@ss-word"
    shown = repr(caught.value.diagnostics) + connection.endpoint + repr(vars(connection))
    assert "p@ss-word" not in repr(caught.value.diagnostics) + connection.endpoint
    assert "p%40ss" not in shown


def test_credentials_of_the_environment_come_first(server: Server, connect: Open) -> None:
    environ = {"FLOWPLAN_USERNAME": "üser", "FLOWPLAN_PASSWORD": "pässwörd"}
    connect(f"http://a:b@127.0.0.1:{server.port}", environ=environ).operation().request("GET", "/")
    sent = server.seen[0][2]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "üser:pässwörd"


def test_half_a_credential_is_an_error(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_USERNAME": "admin"})
    assert code_of(caught.value) == "FP325"


def test_a_netrc_is_ignored(
    server: Server, connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login wrong password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    connect().operation().request("GET", "/")
    assert "Authorization" not in server.seen[0][2]


@pytest.mark.parametrize(
    "url",
    ["search.example.org:9200", "ftp://x", "https://", "http://[::1", "http://h:99999",
     "http://h/?q=1", "http://a b", "", "http://user:secret-word@"],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_without_repeating_it(connect: Open, url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(url)
    assert code_of(caught.value) == "FP320"
    assert "secret-word" not in repr(caught.value.diagnostics)


def test_an_endpoint_may_have_a_path_and_an_ipv6_address(connect: Open) -> None:
    assert connect("https://h:9200/search/").endpoint == "https://h:9200/search"
    assert connect("http://u@[::1]:9200").endpoint == "http://[::1]:9200"


def test_the_endpoint_s_name_can_be_given(connect: Open) -> None:
    assert connect("http+sandbox://local/", shown="sandbox:").endpoint == "sandbox:"


def test_a_missing_ca_bundle_is_named(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_CA_BUNDLE": "/no/such/file.pem"})
    assert code_of(caught.value) == "FP321"
    assert "FLOWPLAN_CA_BUNDLE" in caught.value.diagnostics[0].summary


def test_proxies_of_the_environment_are_used(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    connect("http://search.example.org:9200").operation().request("GET", "/x")
    assert server.seen[0][1] == "http://search.example.org:9200/x"


def test_a_refusing_proxy_is_named(connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(Unreachable) as caught:
        connect("http://search.example.org:9200").operation().request("POST", CREATE, body={})
    assert "the proxy refused" in caught.value.diagnostics[0].detail


def test_a_certificate_that_is_not_trusted_is_tried_once_and_named(connect: Open) -> None:
    error = requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")
    connection = connect("https://h:1", mounts={"https://h": lambda: _Failing(error)})
    with pytest.raises(Unreachable) as caught:
        connection.operation().request("GET", "/")
    assert connection.request_count == 1
    assert "FLOWPLAN_CA_BUNDLE" in caught.value.diagnostics[0].hint


def test_verification_can_be_turned_off_and_is_on(connect: Open) -> None:
    assert connect()._new_session().verify is True
    assert connect(verify=False)._new_session().verify is False
