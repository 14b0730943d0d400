"""No credential value ever reaches the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

CANARY = "sk-canary-7f3a9"


def on_disk(path: Any) -> Any:
    return [file.name for file in path.iterdir() if CANARY.encode() in file.read_bytes()]


def test_no_file_holds_a_credential(api: Any, tmp_path: Path, connector_body: Any) -> None:
    secret = {"openAI_key": CANARY, "more": f"{CANARY}, too"}
    id_ = api.connector(credential=secret)
    api.ok("PUT", f"/_plugins/_ml/connectors/{id_}", {"credential": {"other": CANARY}})
    inline = {
        "name": "m",
        "function_name": "remote",
        "connector": connector_body | {"credential": secret},
    }
    model = api.ok("POST", "/_plugins/_ml/models/_register?deploy=true", inline)["model_id"]
    api.wait(1)
    api.ok("PUT", f"/_plugins/_ml/models/{model}", {"connector": {"credential": {"k": CANARY}}})
    api.predict(model)
    api.refused("POST", "/_plugins/_ml/connectors/_create", {"credential": secret})
    api.ok("POST", f"/_plugins/_ml/models/{model}/_undeploy")
    api.ok("DELETE", f"/_plugins/_ml/models/{model}")
    api.ok("DELETE", f"/_plugins/_ml/connectors/{id_}")
    assert {file.name for file in tmp_path.iterdir()} >= {"sandbox.db", "sandbox.db-wal"}
    assert on_disk(tmp_path) == []


def test_the_canary_would_be_seen(api: Any, tmp_path: Path) -> None:
    api.connector(description=CANARY)
    assert on_disk(tmp_path)


@pytest.mark.parametrize(
    "path", ["/_plugins/_ml/connectors/_search", "/_plugins/_ml/models/_search"]
)
def test_no_answer_holds_a_credential(api: Any, connector_body: Any, path: Any) -> None:
    connector_body["credential"] = {"k": CANARY}
    api.ok(
        "POST",
        "/_plugins/_ml/models/_register",
        {"name": "m", "function_name": "remote", "connector": connector_body},
    )
    api.connector(credential={"k": CANARY})
    answer = api.ok("GET", path)
    assert answer["hits"]["hits"]
    assert CANARY not in str(answer)
    assert "credential_keys" not in str(answer)
