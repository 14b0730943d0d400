"""A whole run against a cluster that speaks TLS and demands to know who asks."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.server import SandboxServer


@dataclass(frozen=True)
class Cluster:
    url: str
    bundle: str


@pytest.fixture
def cluster(tmp_path: Path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    options = parse_options(f"sandbox:{tmp_path / 'tls.db'}").at(tmp_path / "tls.db")
    server = SandboxServer(SandboxApp(options))
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    yield Cluster(server.url.replace("http:", "https:"), str(bundle))
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("FLOWPLAN_CA_BUNDLE", "FLOWPLAN_INSECURE", "REQUESTS_CA_BUNDLE", "FLOWPLAN_TOKEN",
                 "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def test_an_apply_trusts_the_named_authority_and_says_nothing_of_it(
    project, flowplan, cluster, monkeypatch
):
    monkeypatch.setenv("FLOWPLAN_CA_BUNDLE", cluster.bundle)
    result = flowplan("apply", "--auto-approve", "--endpoint", cluster.url)
    assert result.code == 0, result.err
    assert "FP390" not in result.err


def test_an_unknown_authority_ends_the_plan_with_the_remedy(project, flowplan, cluster):
    result = flowplan("plan", "--endpoint", cluster.url)
    assert result.code == 1
    assert "error[FP322]" in result.err
    assert "FLOWPLAN_CA_BUNDLE" in result.err


@pytest.mark.parametrize("flag", [(), ("-q",), ("--format", "json")], ids=["text", "quiet", "json"])
def test_insecure_goes_through_and_warns_each_time(project, flowplan, cluster, flag):
    for _ in range(2):
        result = flowplan("plan", "--endpoint", cluster.url, "--insecure", *flag)
        assert result.code == 0, result.err
        assert result.err.count("warning[FP390]") == 1
        assert "InsecureRequestWarning" not in result.err
    if flag == ("--format", "json"):
        assert json.loads(result.out)["changes"]


def test_the_environment_can_say_insecure_too(project, flowplan, cluster, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_INSECURE", "1")
    result = flowplan("plan", "--endpoint", cluster.url)
    assert (result.code, "warning[FP390]" in result.err) == (0, True)


def test_insecure_on_the_sandbox_is_no_reason_to_warn(project, flowplan):
    assert "FP390" not in flowplan("plan", "--insecure", "--endpoint", "sandbox:").err


def test_two_kinds_of_credentials_end_the_plan(project, flowplan, cluster, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_TOKEN", "one-of-two")
    monkeypatch.setenv("FLOWPLAN_TOKEN_FILE", "token")
    result = flowplan("plan", "--endpoint", cluster.url)
    assert (result.code, "error[FP380]" in result.err) == (1, True)
    assert "one-of-two" not in result.err


@pytest.mark.parametrize("name", ["--token", "--password", "--client-key"])
def test_no_flag_takes_a_credential(project, flowplan, name):
    assert flowplan("plan", name, "x").code == 64
