"""Who asks: each kind of credentials, two at once, and that none of them is ever shown."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import FlowplanError, ProviderError, Refused
from flowplan.http import Connection

Open = Callable[..., Connection]
Server = Any

TOKEN = "eyJhbGciOiJIUzI1NiJ9." + "Zm9v-_" * 150 + ".c2ln"
BASIC = {"FLOWPLAN_USERNAME": "ci", "FLOWPLAN_PASSWORD": 'p"ss<word>&'}


def code_of(error: FlowplanError) -> str:
    return error.diagnostics[0].code


def shown(error: FlowplanError) -> str:
    return repr(error.diagnostics) + str(error) + getattr(error, "reason", "")


def sent(server: Server) -> str:
    return str(server.seen[-1][2].get("Authorization", ""))


def test_a_token_is_sent_as_a_bearer_s(server: Server, connect: Open) -> None:
    connect(environ={"FLOWPLAN_TOKEN": TOKEN}).operation().request("GET", "/")
    assert sent(server) == f"Bearer {TOKEN}"


def test_a_token_file_s_last_line_break_does_not_count(
    server: Server, connect: Open, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("abc.def\n")
    environ = {"FLOWPLAN_TOKEN_FILE": str(tmp_path / "token")}
    connect(environ=environ).operation().request("GET", "/")
    assert sent(server) == "Bearer abc.def"


def test_an_empty_variable_is_as_good_as_none(server: Server, connect: Open) -> None:
    environ = {"FLOWPLAN_TOKEN": "", "FLOWPLAN_AWS_SIGV4": "", **BASIC}
    connect(environ=environ).operation().request("GET", "/")
    assert sent(server).startswith("Basic ")


@pytest.mark.parametrize(
    ("environ", "url", "named"),
    [
        ({"FLOWPLAN_TOKEN": "t", **BASIC}, "http://h", ("FLOWPLAN_USERNAME", "FLOWPLAN_TOKEN")),
        ({"FLOWPLAN_TOKEN": "t"}, "http://u:p@h", ("endpoint", "FLOWPLAN_TOKEN")),
        ({"FLOWPLAN_TOKEN": "t", "FLOWPLAN_TOKEN_FILE": "f"}, "http://h", ("FLOWPLAN_TOKEN_FILE",)),
        ({"FLOWPLAN_AWS_SIGV4": "es", **BASIC}, "http://h", ("FLOWPLAN_AWS_SIGV4",)),
        ({"FLOWPLAN_AWS_SIGV4": "es", "FLOWPLAN_TOKEN": "t"}, "http://h", ("FLOWPLAN_TOKEN",)),
        ({"FLOWPLAN_AWS_SIGV4": "es"}, "http://u:p@h", ("endpoint", "FLOWPLAN_AWS_SIGV4")),
    ],
)
def test_two_kinds_of_credentials_are_refused_by_name(
    connect: Open, environ: dict[str, str], url: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(url, environ=environ)
    assert code_of(caught.value) == "FP380"
    for name in named:
        assert name in caught.value.diagnostics[0].summary


def test_a_token_file_that_is_not_there_is_named(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_TOKEN_FILE": "/no/such/token"})
    assert code_of(caught.value) == "FP381"
    assert "/no/such/token: No such file" in caught.value.diagnostics[0].detail


def test_a_token_file_that_is_no_text_is_refused(connect: Open, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_TOKEN_FILE": str(tmp_path / "token")})
    assert code_of(caught.value) == "FP381"


@pytest.mark.parametrize("token", ["  ", "Bearer abc", "two\nlines", "geheim-ü", "Bearer"])
def test_what_is_no_token_is_refused_without_repeating_it(connect: Open, token: str) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_TOKEN": token})
    assert code_of(caught.value) == "FP382"
    assert "abc" not in shown(caught.value)
    assert "geheim" not in shown(caught.value)


def test_a_mounted_sandbox_is_not_told_who_asks(connect: Open) -> None:
    environ = {"FLOWPLAN_TOKEN": "t", "FLOWPLAN_CA_BUNDLE": "/no/such", **BASIC}
    assert connect("http+sandbox://local/", environ=environ)._new_session().auth is None


# ---- what a server may send back ------------------------------------------------------------


def echo(
    server: Server, connect: Open, environ: dict[str, str], body: Callable[[str], Any]
) -> Refused:
    """The refusal by a server that sends back the Authorization header it got."""
    server.script = [lambda: (401, body(sent(server)))]
    with pytest.raises(Refused) as caught:
        connect(environ=environ).operation().request("GET", "/")
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        lambda text: text.encode(),
        lambda text: f"<title>{text}</title>".encode(),
        lambda text: {"headers": {"authorization": text}},
        lambda text: {"error": text, "status": 401},
        lambda text: {"error": {"type": "x", "reason": text}, "status": 401},
    ],
    ids=["text", "title", "object", "flow framework", "opensearch"],
)
@pytest.mark.parametrize("environ", [BASIC, {"FLOWPLAN_TOKEN": TOKEN}], ids=["basic", "bearer"])
def test_an_echoed_authorization_is_not_shown(
    server: Server, connect: Open, environ: dict[str, str], body: Callable[[str], Any]
) -> None:
    error = echo(server, connect, environ, body=body)
    assert sent(server).split()[1][:12] not in shown(error)
    assert "(sensitive)" in shown(error)


@pytest.mark.parametrize(
    "body",
    [
        lambda _: b'who is p"ss<word>&',
        lambda _: b"who is p&quot;ss&lt;word&gt;&amp;",
        lambda _: {"odd": 'who is p"ss<word>&'},
    ],
    ids=["text", "html", "json"],
)
def test_an_echoed_password_is_not_shown_in_any_notation(
    server: Server, connect: Open, body: Callable[[str], Any]
) -> None:
    error = echo(server, connect, BASIC, body=body)
    assert "who is (sensitive)" in shown(error)


def test_a_secret_that_a_cut_would_halve_is_not_shown(server: Server, connect: Open) -> None:
    error = echo(
        server, connect, {"FLOWPLAN_TOKEN": TOKEN}, body=lambda text: b"." * 280 + text.encode()
    )
    assert TOKEN[:8] not in shown(error)


def test_a_long_answer_is_cut(server: Server, connect: Open) -> None:
    error = echo(server, connect, {}, body=lambda _: b"." * 5000)
    assert len(error.diagnostics[0].detail) == 300


def test_nothing_is_sent_to_where_a_redirect_leads(server: Server, connect: Open) -> None:
    server.script = [(307, b"", {"Location": f"http://127.0.0.1:{server.port}/elsewhere"})]
    with pytest.raises(Refused):
        connect(environ={"FLOWPLAN_TOKEN": TOKEN}).operation().request("POST", "/x", body={})
    assert [path for _, path, _, _ in server.seen] == ["/x"]


def test_a_redirect_s_target_is_shown_without_the_token_in_it(
    server: Server, connect: Open
) -> None:
    server.script = [(302, b"", {"Location": f"https://login/?token={TOKEN}"})]
    with pytest.raises(Refused) as caught:
        connect(environ={"FLOWPLAN_TOKEN": TOKEN}).operation().request("GET", "/")
    assert "https://login/?token=(sensitive)" in caught.value.diagnostics[0].detail


@pytest.mark.parametrize("environ", [BASIC, {"FLOWPLAN_TOKEN": TOKEN}])
def test_credentials_are_not_in_what_python_prints_of_them(
    connect: Open, environ: dict[str, str]
) -> None:
    who = repr(connect(environ=environ)._who)
    password = base64.b64encode(f"ci:{BASIC['FLOWPLAN_PASSWORD']}".encode()).decode()
    assert password not in who
    assert TOKEN not in who
    assert BASIC["FLOWPLAN_PASSWORD"] not in who
