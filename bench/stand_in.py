"""A loopback server that answers what connectors, models and deployments ask, and counts.

    python -m bench.stand_in [--polls N]    prints its URL; ends with SIGTERM

It holds everything in memory and checks nothing, so that its own time hardly shows in what is
measured: one thread and one event loop. The sandbox keeps files and guards, and would dominate.
`GET /_bench/counts` tells the requests since the last `DELETE /_bench/counts`. It must not know
flowplan.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from bench.measure import Failed

__all__ = ["StandIn", "requests_so_far", "running", "serve"]

Reply: TypeAlias = tuple[int, Any]
_ROOT = "/_plugins/_ml/"
_COUNTS = "/_bench/counts"
_ID = re.compile(r"/id-\d+")
_LENGTH = re.compile(r"content-length: *(\d+)", re.IGNORECASE)
_PLUGINS = ("opensearch-job-scheduler", "opensearch-ml", "opensearch-knn")
_ABSENT: Reply = (
    404,
    {"error": {"reason": "not found", "type": "status_exception"}, "status": 404},
)
_VERSION = {"distribution": "opensearch", "number": "3.6.0", "build_type": "tar"}


class StandIn:
    """What is there, by collection and id. `polls`: how often a model answers DEPLOYING first."""

    def __init__(self, polls: int = 0) -> None:
        self.polls = polls
        self.counts: Counter[str] = Counter()
        self._there: dict[str, dict[str, dict[str, Any]]] = {
            name: {} for name in ("connectors", "models", "model_groups", "tasks", "agents")
        }
        self._numbers: Iterator[int] = itertools.count(1)
        self._left: dict[str, int] = {}

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """Status and body of the answer to one request."""
        path = path.partition("?")[0].rstrip("/")
        if path == _COUNTS:
            return self._told(method)
        self.counts[f"{method} {_ID.sub('/ID', path) or '/'}"] += 1
        if path == "":
            cluster = {"cluster_name": "bench", "cluster_uuid": "bench-cluster-00000000"}
            return 200, {"name": "bench", **cluster, "version": _VERSION}
        if path == "/_tasks":
            return 200, {"tasks": []}
        if path == "/_cat/plugins":
            return 200, [{"component": name, "version": "3.6.0.0"} for name in _PLUGINS]
        if not path.startswith(_ROOT):
            return _ABSENT
        collection, _, rest = path.removeprefix(_ROOT).partition("/")
        there = self._there.get(collection)
        if there is None:
            return _ABSENT
        if rest == "_search":
            return 200, _search(there, body)
        if rest in {"_create", "_register"}:
            return 200, self._made(collection, dict(body))
        if rest == "_undeploy":
            return self._undeployed(body.get("model_ids", ()))
        return self._one(method, collection, there, rest)

    def _told(self, method: str) -> Reply:
        told = dict(self.counts)
        if method == "DELETE":
            self.counts.clear()
        return 200, told

    def _id(self) -> str:
        return f"id-{next(self._numbers):016d}"

    def _made(self, collection: str, body: dict[str, Any]) -> dict[str, Any]:
        ident = self._id()
        body.pop("credential", None)
        self._there[collection][ident] = body
        name = "model_group_id" if collection == "model_groups" else f"{collection[:-1]}_id"
        if collection != "models":
            return {name: ident, "status": "CREATED"}
        if "model_group_id" not in body:
            group = self._id()
            self._there["model_groups"][group] = {"name": body.get("name"), "access": "public"}
            body["model_group_id"] = group
        body["algorithm"] = str(body.pop("function_name", "remote")).upper()
        body["model_state"] = "REGISTERED"
        return {"task_id": self._task(ident, "REGISTER_MODEL"), "status": "CREATED", name: ident}

    def _task(self, model: str, kind: str) -> str:
        task = self._id()
        found = {"model_id": model, "task_type": kind, "state": "COMPLETED"}
        self._there["tasks"][task] = found
        return task

    def _one(
        self, method: str, collection: str, there: dict[str, dict[str, Any]], rest: str
    ) -> Reply:
        ident, _, act = rest.partition("/")
        if ident not in there:
            return _ABSENT
        document = there[ident]
        if act == "_deploy":
            self._left[ident] = self.polls
            document["model_state"] = "DEPLOYING" if self.polls else "DEPLOYED"
            task = self._task(ident, "DEPLOY_MODEL")
            return 200, {"task_id": task, "task_type": "DEPLOY_MODEL", "status": "COMPLETED"}
        if act == "_undeploy":
            return self._undeployed([ident])
        if method == "DELETE":
            del there[ident]
            return 200, {"_id": ident, "result": "deleted"}
        return 200, self._seen(collection, ident, document)

    def _undeployed(self, ids: Sequence[str]) -> Reply:
        found = [ident for ident in ids if ident in self._there["models"]]
        for ident in found:
            self._there["models"][ident]["model_state"] = "UNDEPLOYED"
        stats = dict.fromkeys(ids, "not_found") | dict.fromkeys(found, "undeployed")
        return (200, {"node": {"stats": stats}}) if found else _ABSENT

    def _seen(self, collection: str, ident: str, document: dict[str, Any]) -> dict[str, Any]:
        if collection == "models" and document.get("model_state") == "DEPLOYING":
            self._left[ident] -= 1
            if self._left[ident] < 0:
                document["model_state"] = "DEPLOYED"
        return document


def _search(there: Mapping[str, Mapping[str, Any]], body: Mapping[str, Any]) -> dict[str, Any]:
    query = body.get("query") or {"match_all": {}}
    if "ids" in query:  # asked by id: no pass over all
        chosen = [ident for ident in query["ids"]["values"] if ident in there]
    else:
        chosen = [ident for ident, document in there.items() if _fits(query, document)]
    first, size = body.get("from", 0), body.get("size", 10)
    hits = [{"_id": it, "_source": there[it]} for it in chosen[first : first + size]]
    total = {"value": len(chosen), "relation": "eq"}
    return {"timed_out": False, "hits": {"total": total, "hits": hits}}


def _fits(query: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a document is meant; what is not understood means every one."""
    for kind, what in query.items():
        if kind == "bool":
            wanted = [*_listed(what.get("must")), *_listed(what.get("filter"))]
            if not all(_fits(part, document) for part in wanted):
                return False
        elif kind in {"term", "terms"}:
            for name, value in what.items():
                values = value if isinstance(value, list) else [value]
                if document.get(name.removesuffix(".keyword")) not in values:
                    return False
    return True


def _listed(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [] if part is None else [part]


class _Connection(asyncio.Protocol):
    """One connection with keep-alive: reads whole requests, writes whole answers."""

    def __init__(self, app: StandIn) -> None:
        self._app = app
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP gives
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].decode("latin-1")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(self._data) < end + 4 + size:
                return
            content = self._data[end + 4 : end + 4 + size]
            self._data = self._data[end + 4 + size :]
            self._reply(head, content)

    def _reply(self, head: str, content: bytes) -> None:
        method, target, _ = head.split(" ", 2)
        status, found = self._app.answer(method, target, json.loads(content) if content else {})
        body = json.dumps(found).encode()
        lines = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: "
        if self._transport is not None:
            self._transport.write(f"{lines}{len(body)}\r\n\r\n".encode() + body)


async def serve(app: StandIn, ready: Callable[[str], None], port: int = 0) -> None:
    """Listen on 127.0.0.1 until SIGTERM or SIGINT; `ready` gets the URL."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    server = await loop.create_server(lambda: _Connection(app), "127.0.0.1", port)
    ready(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await over.wait()
    server.close()


@contextmanager
def running(polls: int = 0) -> Iterator[str]:
    """One in a process of its own, which takes no time of what is measured; gives its URL."""
    command = [sys.executable, "-m", "bench.stand_in", "--polls", str(polls)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            if process.stdout is None or not (url := process.stdout.readline().strip()):
                raise Failed(f"{' '.join(command)} does not start")
            yield url
        finally:
            process.terminate()


def requests_so_far(url: str) -> Counter[str]:
    """The requests by "METHOD /path" since this was last asked; then it counts anew."""
    with urllib.request.urlopen(urllib.request.Request(url + _COUNTS, method="DELETE")) as answer:
        return Counter(json.load(answer))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="answers like ML Commons, from memory")
    parser.add_argument("--polls", type=int, default=0, help="how often a model is not ready yet")
    asyncio.run(serve(StandIn(parser.parse_args().polls), lambda url: print(url, flush=True)))
