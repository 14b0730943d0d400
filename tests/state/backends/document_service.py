"""A stand-in for what OpenSearch does with documents of an index, as far as a state needs it.

The tests that use it run on a real node, too, and have to pass on both. It must not know flowplan.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.live.model_service import served

ONE = re.compile(r"/([^/]+)/(_doc|_create)/([^/]+)")


@dataclass
class Index:
    """What was given when it was made, and its documents with the number of their last write."""

    made_of: dict[str, Any]
    documents: dict[str, tuple[int, Any]] = field(default_factory=dict)
    writes: int = 0


@dataclass
class Service:
    """`shift` is how many seconds its clock is ahead; `fixed` an answer given to everything."""

    url: str = ""
    shift: float = 0.0
    fixed: tuple[int, bytes] | None = None
    indices: dict[str, Index] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """Status and body, as OpenSearch gives them."""
        url = urlsplit(target)
        found = ONE.fullmatch(url.path)
        name = found[1] if found else url.path.split("/")[1]
        with self.guard:
            index = self.indices.get(name)
            if index is None and method == "PUT" and not found:
                self.indices[name] = Index(body or {})
                return 200, {"acknowledged": True}
            if index is None:
                return 404, error(404, "index_not_found_exception")
            if found:
                return one(index, method, found[2], unquote(found[3]), parse_qs(url.query), body)
            return self.all(name, index, method, url.path, body)

    def all(self, name: str, index: Index, method: str, path: str, body: Any) -> tuple[int, Any]:
        """What concerns the whole index."""
        if path.endswith("/_mget"):
            return 200, {"docs": [shown(index, item) for item in body["ids"]]}
        if path.endswith("/_search"):
            now = (time.time() + self.shift) * 1000
            return 200, {"aggregations": {"clock": {"buckets": [{"from": now}]}}}
        if method == "PUT":
            return 400, error(400, "resource_already_exists_exception")
        if method == "DELETE":
            del self.indices[name]
            return 200, {"acknowledged": True}
        settings = index.made_of.get("settings", {"index": {}})
        return 200, {name: {"settings": settings, "mappings": index.made_of.get("mappings", {})}}


def one(
    index: Index, method: str, what: str, name: str, params: dict[str, list[str]], body: Any
) -> tuple[int, Any]:
    """What concerns one document."""
    there = index.documents.get(name)
    if method == "GET":
        return (404 if there is None else 200), shown(index, name)
    if method == "DELETE":
        index.documents.pop(name, None)
        return (404 if there is None else 200), {"result": "deleted"}
    seen = int(params["if_seq_no"][0]) if "if_seq_no" in params else None
    if (there is not None and what == "_create") or (
        seen is not None and (there is None or there[0] != seen)
    ):
        return 409, error(409, "version_conflict_engine_exception")
    index.documents[name] = index.writes, body
    index.writes += 1
    return 200, {"_seq_no": index.writes - 1, "_primary_term": 1}


def shown(index: Index, name: str) -> dict[str, Any]:
    """A document as a read gives it."""
    there = index.documents.get(name)
    if there is None:
        return {"_id": name, "found": False}
    return {
        "_id": name, "found": True, "_seq_no": there[0], "_primary_term": 1, "_source": there[1]
    }  # fmt: skip


def error(status: int, kind: str) -> dict[str, Any]:
    """A failure in OpenSearch's words."""
    return {"error": {"type": kind, "reason": kind, "root_cause": []}, "status": status}


@contextmanager
def document_service() -> Iterator[Service]:
    """One that answers on loopback."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: the second would wait

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.asked.append((self.command, self.path, dict(self.headers)))
            if service.fixed is not None:
                status, said = service.fixed
            else:
                status, plain = service.answer(
                    self.command, self.path, json.loads(body) if body else None
                )
                said = json.dumps(plain).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_DELETE = reply  # noqa: N815

    with served(Handler) as place:
        service.url = f"http://{place}"
        yield service
