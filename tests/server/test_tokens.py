"""Who shows a token of the file may ask; what the token may do stands there, too."""

from __future__ import annotations

import base64
import hmac
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from flowplan.__main__ import main
from flowplan.errors import FlowplanError
from flowplan.server.access import Anybody, NotSignedIn, see_safe
from flowplan.server.tokens import Tokens, make_token
from tests.server.bench import PREFIX, Bench
from tests.server.templates import chat

SCHEMA = Path(__file__).resolve().parents[2] / "docs/schema/serve-token.json"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Keys:
    """A file of tokens, with one that may write and one that may read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.write, first = make_token("ci", "write")
        self.read, second = make_token("board", "read")
        self.lines = ["# who may ask", "", first, second]
        file.write_text("\n".join(self.lines) + "\n")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "tokens")


@pytest.fixture
def bench(tmp_path: Path, keys: Keys) -> Iterator[Bench]:
    with Bench(tmp_path, access=lambda _: Tokens(keys.file)) as made:
        yield made


def test_without_a_token_nothing_is_answered_but_healthz(bench: Bench) -> None:
    for path in ("_search", "no-id/_status", "/readyz", "/metrics", "/openapi.json", "/nowhere"):
        assert bench.ask("GET", path) == (
            401, {"error": "A token is needed: send it as Authorization: Bearer TOKEN."},
        )  # fmt: skip
    assert bench.ask("GET", "/healthz")[0] == 200


def test_a_401_says_how_to_sign_in(bench: Bench) -> None:
    answer = bench.client.get("/readyz")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="flowplan"'
    answer = bench.client.get("/readyz", headers=bearer("flowplan_wrong"))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="flowplan", error="invalid_token"'
    assert "flowplan_wrong" not in answer.text


def test_a_body_is_not_looked_at_before_the_token(bench: Bench) -> None:
    assert bench.ask("POST", "", "no json")[0] == 401


def test_the_name_of_the_token_becomes_the_user_of_the_workflow(bench: Bench, keys: Keys) -> None:
    head = bearer(keys.write)
    made = bench.ask("POST", "?provision=true", chat(), headers=head)[1]["workflow_id"]
    assert bench.ask("GET", f"{made}/_status?all=true", headers=head)[1]["user"] == "ci"


def test_a_token_that_may_read_looks_and_searches_but_changes_nothing(
    bench: Bench, keys: Keys
) -> None:
    made = bench.ask("POST", "", chat(), headers=bearer(keys.write))[1]["workflow_id"]
    head = bearer(keys.read)
    for method, path in (
        ("GET", made), ("GET", f"{made}/_plan"), ("POST", "_search"), ("POST", "state/_search"),
    ):  # fmt: skip
        assert bench.ask(method, path, headers=head)[0] == 200
    for method, path in (
        ("POST", ""), ("PUT", made), ("DELETE", made), ("POST", f"{made}/_provision"),
        ("POST", f"{made}/_deprovision"),
    ):  # fmt: skip
        assert bench.ask(method, path, chat(), headers=head) == (
            403, {"error": "The token of board may only read."},
        )  # fmt: skip
    assert bench.ask("GET", made, headers=head)[0] == 200


def test_a_client_that_knows_only_passwords_signs_in_with_name_and_token(
    bench: Bench, keys: Keys
) -> None:
    def head(user: str) -> dict[str, str]:
        text = base64.b64encode(f"{user}:{keys.write}".encode()).decode()
        return {"Authorization": f"Basic {text}"}

    assert bench.ask("GET", "/readyz", headers=head("ci"))[0] == 200
    assert bench.ask("GET", "/readyz", headers=head("board"))[0] == 401


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", "Basic ???", "Basic YQ==", "Digest x", "Bearer \udcff", "x" * 999],
)
def test_what_is_no_token_is_not_let_in(keys: Keys, shown: str) -> None:
    with pytest.raises(NotSignedIn):
        Tokens(keys.file).caller(shown)


def test_a_token_is_compared_with_all_in_constant_time(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert Tokens(keys.file).caller(f"Bearer {keys.write}").name == "ci"
    assert len(compared) == 2


def test_the_file_is_read_again_when_it_changes(keys: Keys) -> None:
    tokens = Tokens(keys.file)
    fresh, line = make_token("night", "write")
    with pytest.raises(NotSignedIn):
        tokens.caller(f"Bearer {fresh}")
    keys.file.write_text(line + "\n")
    assert tokens.caller(f"Bearer {fresh}").name == "night"
    with pytest.raises(NotSignedIn):
        tokens.caller(f"Bearer {keys.write}")


@pytest.mark.parametrize("text", [None, "", "ci:not-a-digest\n"])
def test_a_file_that_got_bad_leaves_the_tokens_as_they_were(
    keys: Keys, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = Tokens(keys.file)
    if text is None:
        keys.file.unlink()
    else:
        keys.file.write_text(text)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            assert tokens.caller(f"Bearer {keys.write}").name == "ci"
    assert len(caplog.records) == 1
    assert "FP687" in caplog.records[0].getMessage()


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("# nobody\n", "has no token", None),
        ("\nci\n", "a line that is no token's", 2),
        ("ci:flowplan_abc\n", "a line that is no token's", 1),
        (f"ci:{'a' * 64}:owner\n", 'a role "owner"', 1),
        (f"c i:{'a' * 64}\n", "a line that is no token's", 1),
        (b"\xff\n", "it is no text", None),
    ],
)
def test_a_bad_file_is_told_with_its_line_and_without_what_stands_there(
    tmp_path: Path, text: str | bytes, said: str, line: int | None
) -> None:
    file = tmp_path / "tokens"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FlowplanError) as caught:
        Tokens(file)
    item = caught.value.diagnostics[0]
    assert (item.code, item.line) == ("FP687", line)
    assert said in item.summary
    assert "flowplan_abc" not in item.summary + item.detail


def test_a_new_token_is_printed_with_the_line_that_lets_it_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--new-token", "board", "--role", "read", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    jsonschema.validate(made, json.loads(SCHEMA.read_text()))
    file = tmp_path / "tokens"
    file.write_text(made["line"])
    caller = Tokens(file).caller(f"Bearer {made['token']}")
    assert (caller.name, caller.may_change) == ("board", False)
    assert made["token"] not in made["line"]
    assert not Path(".flowplan").exists()


def test_a_name_that_would_break_the_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--new-token", "a:b"]) == 64
    assert 'error[FP604]: "a:b" is no name for a token' in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "serve.example.org"])
def test_an_address_that_others_reach_needs_credentials(host: str, keys: Keys) -> None:
    with pytest.raises(FlowplanError, match="FP686"):
        see_safe(host, Anybody())
    see_safe(host, Tokens(keys.file))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_the_machine_itself_may_ask_without(host: str) -> None:
    see_safe(host, Anybody())


def test_metrics_and_readiness_are_public_where_that_is_wanted(tmp_path: Path, keys: Keys) -> None:
    with Bench(tmp_path, access=lambda _: Tokens(keys.file), public_metrics=True) as bench:
        assert bench.ask("GET", "/metrics")[0] == 200
        assert bench.ask("GET", "/readyz")[0] == 200
        assert bench.ask("POST", "_search")[0] == 401
        assert bench.client.get(f"{PREFIX}/_steps").status_code == 401
