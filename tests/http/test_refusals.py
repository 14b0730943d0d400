"""What a refusal and an answer of another form become."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.http import Connection

Open = Callable[..., Connection]
Server = Any

CREATE = "/_plugins/_ml/connectors/_create"


def failure(status: int, reason: str, type: str = "status_exception") -> dict[str, Any]:
    cause = {"type": type, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def code_of(error: ProviderError) -> str:
    return error.diagnostics[0].code


def test_a_create_refused_for_its_content_is_refused_and_not_lost(
    server: Server, connect: Open
) -> None:
    words = "Create Connector request has empty body"
    server.script = [(500, failure(500, words, "i_o_exception"))]
    with pytest.raises(Refused) as caught:
        connect().operation().request("POST", CREATE)
    assert (caught.value.status, caught.value.reason) == (500, words)


def test_redirects_are_not_followed(server: Server, connect: Open) -> None:
    server.script = [(302, b"", {"Location": f"{server.url}/login"})]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/")
    assert (code_of(caught.value), len(server.seen)) == ("FP318", 1)
    assert "/login" in caught.value.diagnostics[0].detail


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (400, "Connector name is null", "FP310"),
        (401, "Unauthorized", "FP311"),
        (403, "no permissions for [cluster:admin/opensearch/ml/connector]", "FP312"),
        (404, "Failed to find connector:nope", "FP313"),
        (409, "still using", "FP314"),
        (400, "no handler found for uri [/_plugins/_ml/x] and method [GET]", "FP317"),
        (405, "Incorrect HTTP method", "FP317"),
        (418, "teapot", "FP319"),
    ],
)
def test_each_refusal_has_its_code_and_the_cluster_s_words(
    server: Server, connect: Open, status: int, reason: str, code: str
) -> None:
    server.script = [(status, failure(status, reason))]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/_plugins/_ml/connectors/x")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail, caught.value.status) == (code, reason, status)


def test_flow_framework_s_error_form_is_understood(server: Server, connect: Open) -> None:
    server.script = [(403, {"error": "This API is disabled."})]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/x")
    assert caught.value.reason == "This API is disabled."


def test_a_refusal_without_a_body_says_that_there_is_no_reason(
    server: Server, connect: Open
) -> None:
    server.script = [(404, b"")]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/x")
    assert caught.value.diagnostics[0].detail == "The answer gives no reason."


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", "/_plugins/_ml/models/_register", "the model"),
        ("PUT", "/_plugins/_ml/connectors/x", "to change the connector"),
        ("DELETE", "/_plugins/_ml/model_groups/x", "to delete the model group"),
        ("POST", "/_plugins/_ml/models/x/_undeploy", "to undeploy the model"),
        ("POST", "/_plugins/_ml/models/_search", "POST /_plugins/_ml/models/_search"),
        ("GET", "/_cat/plugins", "GET /_cat/plugins"),
    ],
)
def test_a_refusal_names_the_thing(
    server: Server, connect: Open, method: str, path: str, what: str
) -> None:
    server.script = [(404, failure(404, "gone"))]
    with pytest.raises(Refused) as caught:
        connect().operation().request(method, path)
    assert caught.value.diagnostics[0].summary == f"the cluster refused {what} (404)"


def test_an_accepted_status_is_an_answer(server: Server, connect: Open) -> None:
    server.script = [(404, {"found": False})]
    answer = connect().operation().request("GET", "/x", accept=(404,))
    assert (answer.status, answer.body) == (404, {"found": False})


def test_a_page_instead_of_json_is_not_opensearch_s(server: Server, connect: Open) -> None:
    server.script = [(200, b"<html><title>Sign in</title></html>")]
    with pytest.raises(ProviderError) as caught:
        connect().operation().request("GET", "/")
    assert code_of(caught.value) == "FP324"
    assert "Sign in" in caught.value.diagnostics[0].detail


def test_too_deep_json_is_no_traceback(server: Server, connect: Open) -> None:
    server.script = [(200, b"[" * 200_000)]
    with pytest.raises(ProviderError) as caught:
        connect().operation().request("GET", "/")
    assert code_of(caught.value) == "FP324"


def test_no_message_shows_a_secret(server: Server, connect: Open) -> None:
    secret = 'sk-"quoted"-key'
    server.script = [
        (400, failure(400, f"bad {secret}")),
        (400, json.dumps({"k": secret}).encode()),
    ]
    cluster = connect(redact=[secret, ""]).operation()
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            cluster.request("GET", "/")
        shown = repr(caught.value) + repr(caught.value.diagnostics) + caught.value.reason
        assert "quoted" not in shown
        assert "(sensitive)" in shown


def test_a_short_secret_hides_only_where_it_stands_alone(connect: Open) -> None:
    connection = connect(redact=["ab"])
    assert connection.redact("ab cab (ab)") == "(sensitive) cab ((sensitive))"


def test_secrets_can_be_added_later(connect: Open) -> None:
    connection = connect()
    connection.hide(["hunter22"])
    assert connection.redact("key hunter22.") == "key (sensitive)."


def test_progress_and_notes_are_told_without_secrets(connect: Open) -> None:
    told: list[str] = []
    cluster = connect(redact=["hunter22"]).operation(
        None, 10, on_progress=told.append, on_note=told.append
    )
    cluster.progress("on hunter22")
    cluster.note("left hunter22")
    assert told == ["on (sensitive)", "left (sensitive)"]
