"""Secrets that were sent are in no file, no line of the log, no metric and no answer."""

from __future__ import annotations

import base64
import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from flowplan.errors import StateError
from flowplan.server.accounts import Accounts
from flowplan.server.logs import log_to
from flowplan.server.tokens import make_token
from tests.server.bench import Bench
from tests.server.guarded import USERS, basic, guarded
from tests.server.process import Served
from tests.server.templates import chat, triples

WAIT = "wait_for_completion_timeout=20s"
# With characters that JSON, URLs and shells write otherwise.
PLANTED = {
    "written": 'sk-written-"q"-9b1',
    "query": "sk-query & more-9b1",
    "body": "sk-body-é-9b1",
    "default": "sk-default-9b1",
}


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it could stand somewhere."""
    for text in (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe="&")):
        yield text.encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")


def leaks(data: bytes, secrets: list[str]) -> list[str]:
    return [secret for secret in secrets if any(form in data for form in forms(secret))]


def in_files(directory: Path, secrets: list[str]) -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(directory)), secret)
        for path in directory.rglob("*")
        if path.is_file()
        for secret in leaks(path.read_bytes(), secrets)
    ]


def planted(count: int = 1) -> dict[str, Any]:
    """A template with a secret written out, two as params and one as a default."""
    made = triples(count)
    for node in made["workflows"]["provision"]["nodes"]:
        if node["type"] == "create_connector":
            node["user_inputs"]["credential"] = {
                "written": PLANTED["written"], "query": "${{ query_key }}",
                "body": "${{ body_key }}", "default": "${{ default_key }}",
            }  # fmt: skip
    made["flowplan"] = {
        "params": {
            "default_key": {"sensitive": True, "default": PLANTED["default"]},
            "query_key": {"sensitive": True},
            "body_key": {},
        }
    }
    return made


def test_nothing_that_is_written_or_answered_has_a_secret(tmp_path: Path) -> None:
    token, line = make_token("ci", "write")
    (tmp_path / "tokens").write_text(line)
    secrets, answers = [*PLANTED.values(), token], []
    arguments = ("--tokens", "tokens", "--log-format", "json", "-v")
    with Served(tmp_path, *arguments, endpoint="sandbox:?latency=40ms") as served:
        served.session.headers["Authorization"] = f"Bearer {token}"

        def ask(method: str, path: str, body: Any = None) -> Any:
            answer = served.session.request(
                method, f"{served.url}/_plugins/_flow_framework/workflow/{path}".rstrip("/"),
                json=body, timeout=60,
            )  # fmt: skip
            answers.append(answer.content + str(answer.headers).encode())
            return answer.json()

        made = ask("POST", "", planted(4))["workflow_id"]
        query = f"query_key={quote(PLANTED['query'])}"
        body = {"body_key": PLANTED["body"]}
        ask("GET", made)
        ask("GET", f"{made}/_plan?{query}")
        ask("POST", f"{made}/_provision", body)
        ask("POST", f"{made}/_provision?{query}", body)
        threading.Event().wait(0.4)
        served.kill()
        at_rest = in_files(tmp_path, secrets)
        served.start()
        assert served.until(made, "COMPLETED", "FAILED")["state"] == "COMPLETED"
        for path in (
            made,
            f"{made}/_status?all=true",
            f"{made}/_plan",
            f"{made}/_drift",
            "_search",
        ):
            ask("GET", path)
        ask("POST", "state/_search", {"query": {"match_all": {}}})
        ask("PUT", f"{made}?reprovision=true&{query}", {**planted(5), "body_key": 1})
        answers.append(served.session.get(f"{served.url}/metrics", timeout=60).content)
        ask("POST", f"{made}/_deprovision")
        assert served.end() == 0
    assert at_rest == in_files(tmp_path, secrets) == []
    assert leaks(b"\n".join(answers), secrets) == []
    log = (tmp_path / "serve.err").read_text().splitlines()
    assert len([json.loads(text) for text in log]) > 10


@pytest.mark.parametrize(
    "place",
    [
        "flowplan.server.routes.bodies.status",
        "flowplan.server.provisioning.load",
        "flowplan.server.carrying.build",
        "flowplan.server.carrying.execute",
        "flowplan.server.store_directory.write_file",
        "flowplan.server.kept.Kept.template_of",
    ],
)
@pytest.mark.parametrize("kind", [KeyError, OSError, RecursionError])
def test_what_breaks_with_a_secret_in_its_words_tells_it_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, kind: type[Exception]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise kind(PLANTED["body"])

    stream, answers = io.StringIO(), []
    handlers = [log_to(stream, form, logging.DEBUG) for form in ("text", "json")]
    try:
        with Bench(tmp_path) as bench:
            made = bench.create(planted())
            with monkeypatch.context() as patch:
                patch.setattr(place, broken)
                for method, path in (
                    ("POST", f"{made}/_provision?{WAIT}&query_key=q"), ("GET", f"{made}/_status"),
                    ("GET", f"{made}/_plan"), ("POST", f"{made}/_deprovision"),
                ):  # fmt: skip
                    body = {"body_key": PLANTED["body"]} if method == "POST" else None
                    answers.append(bench.ask(method, path, body))
                bench.settle()
            answers.append(bench.ask("GET", f"{made}/_status?all=true"))
    finally:
        for handler in handlers:
            logging.getLogger().removeHandler(handler)
        logging.getLogger("flowplan.server").setLevel(logging.NOTSET)
    secrets = list(PLANTED.values())
    assert leaks(repr(answers).encode() + stream.getvalue().encode(), secrets) == []
    assert in_files(tmp_path, secrets) == []


def test_what_the_store_says_reaches_the_log_with_its_code(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench.create(chat())

    def away(_: str) -> None:
        raise StateError.of("FP684", "the store can't be used")

    monkeypatch.setattr(bench.service.kept.store, "get", away)
    assert bench.ask("GET", made)[0] == 503
    assert "FP684" in caplog.text


def test_credentials_that_are_passed_through_are_sealed_and_told_to_nobody(tmp_path: Path) -> None:
    secrets = [USERS["ada"], basic("ada")["Authorization"].split()[1], "wrong-one-9b1"]
    stream = io.StringIO()
    answers: list[Any] = []
    handler = log_to(stream, "json", logging.DEBUG)
    try:
        with (
            guarded(tmp_path) as (url, guard),
            Bench(tmp_path / "serve", endpoint=url, access=Accounts) as bench,
        ):
            head = basic("ada")
            answers.append(bench.ask("POST", "_search", headers=basic("ada", "wrong-one-9b1")))
            answers.append(bench.ask("POST", f"?provision=true&{WAIT}", chat(), headers=head))
            guard.users["ada"] = "another"
            answers.append(bench.ask("POST", f"?provision=true&{WAIT}", chat(), headers=head))
            answers.append(bench.client.get("/metrics", headers=head).text)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger("flowplan.server").setLevel(logging.NOTSET)
    assert leaks(repr(answers).encode() + stream.getvalue().encode(), secrets) == []
    assert in_files(tmp_path, secrets) == []
