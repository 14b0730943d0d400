"""What ten bare threads take for the same requests: no plan, no state, no journal.

The peer on a real node: the cluster's own time, which nobody can be faster than. Each thread
takes a triple, makes it and waits until it serves, as a careful script would; polls pause as
flowplan's do. It must not know flowplan.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.graphs import Graph, inputs_of
from bench.measure import Failed

__all__ = ["Triple", "create", "delete", "triples_of"]

_ROOT = "/_plugins/_ml"
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.05, 1.0, 1.5
PATIENCE = 120.0
OK, NOT_FOUND, CONFLICT = 300, 404, 409
BUSY = "busy"


@dataclass(slots=True)
class Triple:
    """One connector, model and deployment: what they are given, and their ids once made."""

    connector: dict[str, Any]
    model: dict[str, Any]
    connector_id: str = ""
    model_id: str = ""
    group_id: str = ""


class Client:
    """One connection that is kept open, as each of flowplan's threads has one."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=60)

    def call(self, method: str, path: str, body: Any = None, *, busy: bool = False) -> Any:
        """The answer's body; raises `Failed` unless the cluster did it or nothing was there.

        With `busy` a conflict is no failure, but `BUSY`.
        """
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, _ROOT + path, content, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if busy and answer.status == CONFLICT:
            return BUSY
        if answer.status >= OK and answer.status != NOT_FOUND:
            raise Failed(f"{method} {path} answered {answer.status}: {text[:500]!r}")
        return json.loads(text or b"{}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def triples_of(graph: Graph) -> Sequence[Triple]:
    """What a graph of triples would make."""
    it = graph.vertices
    return [Triple(inputs_of(a), inputs_of(b)) for a, b in zip(it[0::3], it[1::3], strict=True)]


def create(url: str, triples: Sequence[Triple], threads: int = 10) -> float:
    """Make all of them; gives the seconds."""
    return _each(url, triples, _create, threads)


def delete(url: str, triples: Sequence[Triple], threads: int = 10) -> float:
    """Delete what `create` made; gives the seconds."""
    return _each(url, triples, _delete, threads)


def _create(client: Client, triple: Triple) -> None:
    made = client.call("POST", "/connectors/_create", triple.connector)
    triple.connector_id = made["connector_id"]
    body = {**triple.model, "connector_id": triple.connector_id}
    triple.model_id = client.call("POST", "/models/_register", body)["model_id"]
    task = client.call("POST", f"/models/{triple.model_id}/_deploy")["task_id"]
    _await(lambda: client.call("GET", f"/tasks/{task}").get("state") == "COMPLETED")

    def serves() -> bool:
        model = client.call("GET", f"/models/{triple.model_id}")
        triple.group_id = model.get("model_group_id", "")
        return bool(model["model_state"] == "DEPLOYED")

    _await(serves)


def _delete(client: Client, triple: Triple) -> None:
    client.call("POST", f"/models/{triple.model_id}/_undeploy")
    client.call("DELETE", f"/models/{triple.model_id}")
    if triple.group_id:
        client.call("DELETE", f"/model_groups/{triple.group_id}")
    # For a moment the search behind this guard may still find the model that is gone.
    _await(lambda: client.call("DELETE", f"/connectors/{triple.connector_id}", busy=True) != BUSY)


def _await(done: Callable[[], bool]) -> None:
    pause, until = FIRST_PAUSE, time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise Failed(f"the cluster was not ready within {PATIENCE:g} s")
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def _each(
    url: str, triples: Sequence[Triple], act: Callable[[Client, Triple], None], threads: int
) -> float:
    waiting: queue.SimpleQueue[Triple] = queue.SimpleQueue()
    for triple in triples:
        waiting.put(triple)
    failures: list[BaseException] = []

    def work() -> None:
        with closing(Client(url)) as client:
            while not failures:
                try:
                    act(client, waiting.get_nowait())
                except queue.Empty:
                    return
                except Exception as error:  # noqa: BLE001 - told by the thread that waits
                    failures.append(error)

    began = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - began
