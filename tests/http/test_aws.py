"""AWS Signature Version 4, checked by a server that computes it anew from what arrived.

The verification is written from Amazon's description of the algorithm, shares nothing with the signer,
and is itself held by signatures that Amazon published.
"""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest

from flowplan import http_aws
from flowplan.errors import ProviderError, Refused
from flowplan.http import Connection

Open = Callable[..., Connection]
Server = Any

KEY_ID, KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SESSION = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW"
SIGV4 = {"FLOWPLAN_AWS_SIGV4": "es", "FLOWPLAN_AWS_REGION": "eu-west-1"}


@dataclass(frozen=True)
class Arrived:
    """A request as a server sees it; `target` is the path and query of its first line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def authorization(self) -> dict[str, str]:
        """The parts of the Authorization header."""
        algorithm, _, rest = self.headers["authorization"].partition(" ")
        assert algorithm == "AWS4-HMAC-SHA256"
        return dict(part.split("=", 1) for part in rest.split(", "))


def encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def canonical(request: Arrived, signed: str) -> str:
    """The canonical request: what both sides make of the same request."""
    path, _, query = request.target.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    # A plus in a query is a plus here: only %20 is a space.
    arguments = sorted(
        (encoded(unquote(name)), encoded(unquote(value))) for name, _, value in pairs
    )
    lines = [f"{name}:{' '.join(request.headers[name].split())}\n" for name in signed.split(";")]
    return "\n".join(
        [
            request.method,
            "/".join(encoded(part) for part in path.split("/")) or "/",
            "&".join(f"{name}={value}" for name, value in arguments),
            "".join(lines),
            signed,
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def signature(request: Arrived, signed: str, scope: str, key: str) -> str:
    """The signature that a request must have. `scope` is date/region/service/aws4_request."""
    digest = hashlib.sha256(canonical(request, signed).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, digest])
    secret = f"AWS4{key}".encode()
    for part in [*scope.split("/"), text]:
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return secret.hex()


def wrong_with(request: Arrived, *, service: str = "es", key: str = KEY) -> str:
    """Why a service would refuse this request; "" for nothing."""
    given = request.authorization
    key_id, scope = given["Credential"].split("/", 1)
    signed = given["SignedHeaders"]
    at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
    must = {"host", *(n for n in request.headers if n.startswith("x-amz-") or n == "content-type")}
    checks = {
        "key id": key_id == KEY_ID,
        "scope": scope == f"{at:%Y%m%d}/eu-west-1/{service}/aws4_request",
        "time": abs(datetime.now(UTC) - at) < timedelta(minutes=5),
        "headers": must == set(signed.split(";")),
        "body": request.headers["x-amz-content-sha256"] == hashlib.sha256(request.body).hexdigest(),
        "signature": given["Signature"] == signature(request, signed, scope, key),
    }
    return ", ".join(name for name, right in checks.items() if not right)


def arrived(server: Server) -> Arrived:
    method, target, headers, body = server.seen[-1]
    return Arrived(method, target, {name.lower(): text for name, text in headers.items()}, body)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys in the environment, and nothing else of AWS."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
                 "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SESSION_TOKEN",
                 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)


# ---- what holds the verification --------------------------------------------------------------

DATE = {"x-amz-date": "20150830T123600Z"}
HOST = {"host": "example.amazonaws.com", **DATE}
FORM = {"content-type": "application/x-www-form-urlencoded"}
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("request_", "service", "published"),
    [
        pytest.param(
            Arrived("GET", "/", HOST, b""), "service",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", id="get-vanilla",
        ),
        pytest.param(
            Arrived("POST", "/", HOST, b""), "service",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", id="post-vanilla",
        ),
        pytest.param(
            Arrived("GET", "/ሴ", HOST, b""), "service",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85", id="get-utf8",
        ),
        pytest.param(
            Arrived("GET", "/?Param2=value2&Param1=value1", HOST, b""), "service",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            id="get-vanilla-query-order-key-case",
        ),
        pytest.param(
            Arrived("GET", f"/?{UNRESERVED}={UNRESERVED}", HOST, b""), "service",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            id="get-vanilla-query-unreserved",
        ),
        pytest.param(
            Arrived("GET", "/", {**HOST, "my-header1": "value2,value2,value1"}, b""), "service",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            id="get-header-key-duplicate",
        ),
        pytest.param(
            Arrived("POST", "/", {**HOST, **FORM}, b"Param1=value1"), "service",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            id="post-x-www-form-urlencoded",
        ),
        pytest.param(
            Arrived(
                "GET", "/?Action=ListUsers&Version=2010-05-08",
                {**DATE, "host": "iam.amazonaws.com",
                 "content-type": "application/x-www-form-urlencoded; charset=utf-8"}, b"",
            ), "iam",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", id="iam-list-users",
        ),
    ],
)  # fmt: skip
def test_the_verification_agrees_with_what_amazon_published(
    request_: Arrived, service: str, published: str
) -> None:
    scope = f"20150830/us-east-1/{service}/aws4_request"
    assert signature(request_, ";".join(sorted(request_.headers)), scope, KEY) == published


def test_the_verification_finds_what_was_changed_on_the_way(server: Server, connect: Open) -> None:
    connect(environ=SIGV4).operation().request("POST", "/x/_search", body={"size": 1})
    good = arrived(server)
    host = {**good.headers, "host": "elsewhere"}
    assert wrong_with(replace(good, body=b"{}")) == "body, signature"
    assert wrong_with(replace(good, target="/y/_search")) == "signature"
    assert wrong_with(replace(good, method="DELETE")) == "signature"
    assert wrong_with(replace(good, headers=host)) == "signature"
    assert wrong_with(good, key="another") == "signature"


# ---- what is sent ------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["es", "aoss"])
def test_a_signed_request_is_accepted(server: Server, connect: Open, service: str) -> None:
    environ = {**SIGV4, "FLOWPLAN_AWS_SIGV4": service}
    connect(environ=environ).operation("intent-1").request(
        "POST", "/_plugins/_ml/connectors/_create", body={"name": "é", "n": [1, 2.5]}
    )
    assert wrong_with(arrived(server), service=service) == ""


def test_a_request_without_a_body_is_accepted(server: Server, connect: Open) -> None:
    connect(environ=SIGV4).operation().request("GET", "/")
    assert wrong_with(arrived(server)) == ""


NAMES = ["a b", "é", "*,-x", "a+b", "~'()!", "50%", "a:b@c;d=e&f$g", "%2F"]


@pytest.mark.parametrize("name", [*NAMES, "a/b", "?q"])
def test_an_encoded_path_is_signed_as_it_is_sent(server: Server, connect: Open, name: str) -> None:
    connect(environ=SIGV4).operation().request("GET", f"/_plugins/{quote(name, safe='')}")
    assert wrong_with(arrived(server)) == ""
    assert unquote(arrived(server).target.removeprefix("/_plugins/")) == name


@pytest.mark.parametrize("name", NAMES)
def test_a_path_that_is_not_encoded_is_signed_as_it_is_sent(
    server: Server, connect: Open, name: str
) -> None:
    connect(environ=SIGV4).operation().request("GET", f"/_plugins/{name}")
    assert wrong_with(arrived(server)) == ""


@pytest.mark.parametrize("value", ["1 2", "a+b", "a/b", "é&=?", "", "~", "100%", "a,b:*"])
def test_query_parameters_are_signed_as_they_are_sent(
    server: Server, connect: Open, value: str
) -> None:
    connect(environ=SIGV4).operation().request("GET", "/x", params={"q": value, "a": "1"})
    assert wrong_with(arrived(server)) == ""
    assert unquote(arrived(server).target) == f"/x?q={value}&a=1"


def test_a_prefix_of_the_endpoint_is_signed(server: Server, connect: Open) -> None:
    connect(f"{server.url}/search", environ=SIGV4).operation().request("GET", "/x")
    assert (arrived(server).target, wrong_with(arrived(server))) == ("/search/x", "")


def test_the_intent_is_sent_and_not_signed(server: Server, connect: Open) -> None:
    connect(environ=SIGV4).operation("intent-1").request("GET", "/")
    assert arrived(server).headers["x-opaque-id"] == "intent-1"
    assert "x-opaque-id" not in arrived(server).authorization["SignedHeaders"]


def test_a_session_token_is_sent_and_signed(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    connect(environ=SIGV4).operation().request("GET", "/")
    assert arrived(server).headers["x-amz-security-token"] == SESSION
    assert wrong_with(arrived(server)) == ""


def test_a_repeated_request_is_signed_anew(server: Server, connect: Open) -> None:
    server.script = [(503, b""), (200, {})]
    connect(environ=SIGV4).operation().request("PUT", "/x", body={"a": 1})
    assert (len(server.seen), wrong_with(arrived(server))) == (2, "")


def test_a_request_through_a_proxy_is_signed_for_the_cluster(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    url = "http://search.example.org:80"
    connect(url, environ=SIGV4).operation().request("GET", "/x", params={"q": "1 2"})
    seen = arrived(server)
    assert seen.headers["host"] == "search.example.org"
    inner = seen.target.removeprefix("http://search.example.org").removeprefix(":80")
    assert wrong_with(replace(seen, target=inner)) == ""


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://h:443/x", "h"),
        ("https://h:9200/x", "h:9200"),
        ("http://h:443/", "h:443"),
        ("https://[::1]/", "[::1]"),
        ("http://[::1]:9200/", "[::1]:9200"),
    ],
)
def test_the_signed_host_has_the_port_only_where_it_is_unusual(url: str, host: str) -> None:
    assert http_aws.AwsSigner("es", "eu-west-1").headers("GET", url, {}, b"")["Host"] == host


# ---- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["FLOWPLAN_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_comes_from_the_environment(server: Server, connect: Open, name: str) -> None:
    environ = {"FLOWPLAN_AWS_SIGV4": "es", "AWS_DEFAULT_REGION": "us-east-1", name: "eu-west-1"}
    connect(environ=environ).operation().request("GET", "/")
    assert wrong_with(arrived(server)) == ""


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"FLOWPLAN_AWS_SIGV4": "s3"}, "FP386"),
        ({"FLOWPLAN_AWS_SIGV4": "true"}, "FP386"),
        ({"FLOWPLAN_AWS_REGION": ""}, "FP387"),
        ({"FLOWPLAN_AWS_REGION": "eu west"}, "FP387"),
    ],
)
def test_a_wrong_setting_is_refused(connect: Open, changed: dict[str, str], code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={**SIGV4, **changed})
    assert caught.value.diagnostics[0].code == code


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(ProviderError) as caught:
        connect(environ=SIGV4)
    (told,) = caught.value.diagnostics
    assert told.code == "FP388"
    assert "\n  pip install 'flowplan[aws]'" in told.hint


def test_botocore_is_imported_only_where_it_is_asked_for() -> None:
    check = (
        "import sys\nfrom flowplan.http import open_connection\n"
        "open_connection('https://h', environ={'FLOWPLAN_TOKEN': 't'})\n"
        "sys.exit('botocore' in sys.modules or 'flowplan.http_aws' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=60).returncode == 0


def no_keys(connect: Open, server: Server) -> str:
    with pytest.raises(ProviderError) as caught:
        connect(environ=SIGV4).operation().request("POST", "/x", body={})
    (told,) = caught.value.diagnostics
    assert (told.code, server.seen) == ("FP389", [])
    return f"{told.summary}: {told.detail}"


def test_without_keys_nothing_is_sent(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no AWS credentials were found" in no_keys(connect, server)


def test_half_a_key_is_told_in_botocore_s_words(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS_SECRET_ACCESS_KEY" in no_keys(connect, server)


def test_an_unknown_profile_is_named(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in no_keys(connect, server)


def test_what_a_helper_program_printed_is_not_shown(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile helped]\ncredential_process = echo printed-secret\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_PROFILE", "helped")
    assert "printed-secret" not in no_keys(connect, server)


# ---- what a refusal may show ---------------------------------------------------------------------


def test_a_refusal_that_repeats_the_request_shows_no_part_of_the_keys(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)

    def answer() -> tuple[int, Any]:
        said = "\n".join(f"{name}:{text}" for name, text in arrived(server).headers.items())
        return 403, {"message": f"The Canonical String should have been\n{said}"}

    server.script = [answer]
    connection = connect(environ=SIGV4)
    with pytest.raises(Refused) as caught:
        connection.operation().request("GET", "/")
    shown = repr(caught.value.diagnostics) + caught.value.reason
    whole = connection.redact(str(dict(arrived(server).headers)))
    for text in (SESSION, KEY, KEY_ID, arrived(server).authorization["Signature"]):
        assert text not in shown + whole
    assert "Signature=(sensitive)" in whole


def test_keys_that_were_renewed_are_used_and_not_shown(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter(["first-secret-key", "second-secret-key"])
    source = SimpleNamespace(
        get_frozen_credentials=lambda: SimpleNamespace(
            access_key=KEY_ID, secret_key=next(given), token=None
        )
    )
    monkeypatch.setattr(http_aws, "_look_for_keys", lambda: source)
    connection = connect(environ=SIGV4)
    for _ in range(2):
        connection.operation().request("GET", "/")
    assert wrong_with(arrived(server), key="second-secret-key") == ""
    assert connection.redact("first-secret-key second-secret-key") == "(sensitive) (sensitive)"
