"""What holds for every endpoint."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from flowplan.providers.sandbox.adapter import BASE_URL, SandboxAdapter
from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import SandboxOptions
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Tx

KEYS = [
    "name",
    "description",
    "version",
    "protocol",
    "parameters",
    "credential",
    "actions",
    "client_config",
    "function_name",
    "connector_id",
    "model_group_id",
    "connector",
    "is_enabled",
    "rate_limiter",
    "deploy_setting",
    "interface",
    "model_ids",
    "query",
    "size",
    "from",
    "_source",
    "sort",
    "settings",
    "mappings",
    "aliases",
    "properties",
    "type",
    "tools",
    "llm",
    "memory",
    "persistent",
    "transient",
    "processors",
    "request_processors",
    "source",
    "dest",
    "index",
    "text_docs",
    "values",
    "ids",
    "term",
    "bool",
    "must",
    "model_format",
    "backend_roles",
    "headers",
    "url",
    "method",
    "action_type",
]


def any_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random() if depth < 4 else 1.0
    if kind < 0.3:
        return {rng.choice(KEYS): any_value(rng, depth + 1) for _ in range(rng.randint(0, 4))}
    if kind < 0.45:
        return [any_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return rng.choice(
        [None, True, 0, -1, 1.5, "", "remote", "http", "predict", "a", "flow", "https://a.b/c"]
    )


def test_no_body_makes_an_endpoint_fall_over(api: Any) -> None:
    rng = random.Random(5)
    tables = api.app._table._patterns.values()
    routes: list[Route] = [
        route for paths in tables for methods in paths.values() for route in methods.values()
    ]
    assert len(routes) > 50
    seen = set()
    for _ in range(20):
        for route in routes:
            path = route.path.replace("{id}", "x").replace("{index}", "idx").replace("{name}", "n")
            body = {rng.choice(KEYS): any_value(rng) for _ in range(rng.randint(0, 8))}
            seen.add(api.send(route.method, path, body)[0])
    assert {200, 400, 404} <= seen <= {200, 400, 404, 500}


def test_a_body_that_no_endpoint_foresees_is_a_500_and_changes_nothing(api: Any) -> None:
    assert (
        api.send("POST", "/_reindex", {"source": "x"})[1]["error"]["type"] == "class_cast_exception"
    )


def test_a_database_error_is_a_500(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Tx, "put", full)
    body = {"name": "g"}
    assert api.refused("POST", "/_plugins/_ml/model_groups/_register", body) == (
        500,
        "database or disk is full",
    )


def test_a_file_is_needed() -> None:
    with pytest.raises(ValueError, match="sandbox:PATH"):
        SandboxApp(SandboxOptions())


def test_an_opaque_id_comes_back(tmp_path: Path) -> None:
    import requests

    with requests.Session() as session:
        session.mount(BASE_URL, SandboxAdapter(SandboxApp(SandboxOptions(path=tmp_path / "s.db"))))
        assert (
            session.get(BASE_URL, headers={"X-Opaque-Id": "mine"}).headers["x-opaque-id"] == "mine"
        )
        assert "x-opaque-id" not in session.get(BASE_URL).headers
