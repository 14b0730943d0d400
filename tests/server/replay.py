"""Recorded calls sent to the server, and what it answered: equal, or different and where.

One server on one sandbox a recording. Recorded ids are mapped to ours as they appear. The two don't
run equally fast: a gate lets a run's requests through one by one, until a status is as far as the
recorded one. It must not know which differences are expected.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from flowplan.server import ServeSettings
from tests.fidelity.comparing import misshapen
from tests.fidelity.recordings import FLOW_FRAMEWORK, Call
from tests.fidelity.unrecorded import UNRECORDED
from tests.server.bench import Bench
from tests.server.recordings import recorded

_IDS = frozenset({"workflow_id", "resource_id", "connector_id", "model_id", "model_group_id"})
_PATIENCE = 10.0
_LIMIT = "plugins.flow_framework.max_workflows"
_NOISE = re.compile(r"[A-Za-z0-9_-]{20,22}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One compared call. `found` says where status or shape differ, `texts` where words do."""

    key: str
    name: str
    asked: str
    found: tuple[str, ...]
    texts: tuple[str, ...] = ()


def replay(folder: Path) -> Iterator[Outcome]:
    """Every call of Flow Framework that was recorded, with what the server answered."""
    for name, group in groupby(recorded(), lambda call: call.key.split(":")[0]):
        with Bench(folder / name) as bench:
            for sent in UNRECORDED["02:0"].calls:
                bench.cluster(sent.method, sent.path, json.dumps(sent.body))
            work = _Replay(bench)
            yield from work.run(list(group))
            work.gate.set(open=True)


class Gate(BaseAdapter):
    """The way of runs to the sandbox: open, or for one request at a time."""

    def __init__(self, inner: BaseAdapter) -> None:
        super().__init__()
        self.inner = inner
        self.passes = 0
        self.open = True
        self._changed = threading.Condition()

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        if threading.current_thread() is not threading.main_thread():
            with self._changed:
                self._changed.wait_for(lambda: self.open or self.passes)
                self.passes = max(0, self.passes - 1)
        return self.inner.send(request, *args, **options)

    def set(self, *, open: bool) -> None:
        with self._changed:
            self.open, self.passes = open, 0
            self._changed.notify_all()

    def let_one(self) -> None:
        with self._changed:
            self.passes = 1
            self._changed.notify_all()

    def close(self) -> None:
        self.inner.close()


class _Replay:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        assert bench.sandbox is not None
        self.gate = Gate(bench.sandbox)
        bench.clusters._adapter = self.gate  # type: ignore[assignment]
        self.ids: dict[str, str] = {}

    def run(self, calls: list[Call]) -> Iterator[Outcome]:
        for call in calls:
            self._set(call)
            if call.family != FLOW_FRAMEWORK:
                self._learn(call.body, self.bench.cluster(call.method, *self._ours(call))[1])
                continue
            status, body = self._asked(call)
            self._learn(call.body, body)
            theirs = json.loads(self._mapped(json.dumps(call.body)))
            statuses = [f"status {call.status}, here {status}"] * (call.status != status)
            yield Outcome(
                call.key,
                call.name,
                f"{call.method} {call.path}",
                (*statuses, *misshapen(theirs, body)),
                tuple(_words(theirs, body)),
            )

    def _set(self, call: Call) -> None:
        """The one setting of the plugin that is a setting of the server here."""
        text = json.dumps(call.sent)
        if call.path.startswith("/_cluster/settings") and _LIMIT in text:
            value = json.loads(text)["persistent"][_LIMIT]
            service = self.bench.service
            limit = ServeSettings().max_workflows if value is None else int(value)
            service.workflows = replace(service.workflows, limit=limit)

    def _asked(self, call: Call) -> tuple[int, Any]:
        path, text = self._ours(call)
        if "/_status" not in path:
            if not call.name.startswith("race"):
                # Whoever sent this had seen the end of what was going on before.
                self.gate.set(open=True)
                self.bench.settle()
            self.gate.set(open="wait_for_completion" in path or "_deprovision" in path)
            return self.bench.ask(call.method, path, text)
        end = time.monotonic() + _PATIENCE
        while True:
            status, body = self.bench.ask(call.method, path, text)
            theirs = json.loads(self._mapped(json.dumps(call.body)))
            if status != 200 or call.status != 200 or _as_far(theirs, body):
                return status, body
            if body["state"] != "PROVISIONING" or time.monotonic() > end:
                return status, body
            if theirs["state"] == "PROVISIONING":
                self.gate.let_one()
            else:
                self.gate.set(open=True)
            time.sleep(0.004)

    def _ours(self, call: Call) -> tuple[str, str]:
        return self._mapped(call.path), self._mapped(call.text)

    def _mapped(self, text: str) -> str:
        for theirs, own in self.ids.items():
            text = text.replace(theirs, own)
        return text

    def _learn(self, theirs: Any, own: Any) -> None:
        if isinstance(theirs, dict) and isinstance(own, dict):
            for key, value in theirs.items():
                if key in _IDS and isinstance(value, str) and isinstance(own.get(key), str):
                    if _NOISE.fullmatch(value):
                        self.ids.setdefault(value, own[key])
                elif key == "resources_created":
                    self._learn_resources(value, own.get(key, []))

    def _learn_resources(self, theirs: Any, own: Any) -> None:
        named = {(item["workflow_step_id"], item["workflow_step_name"]): item for item in own}
        for item in theirs:
            self._learn(item, named.get((item["workflow_step_id"], item["workflow_step_name"])))


def _as_far(theirs: Any, own: Any) -> bool:
    def made(body: Any) -> int:
        return len(body.get("resources_created", ()))

    same = theirs["state"] == own["state"]
    return same and (made(own) >= made(theirs) or own["state"] != "PROVISIONING")


def _words(theirs: Any, own: Any) -> Iterator[str]:
    """Where a state or the text of an error is another."""
    if not isinstance(theirs, dict) or not isinstance(own, dict):
        return
    for key in ("error", "state", "provisioning_progress"):
        if key in theirs and key in own and theirs[key] != own[key]:
            yield f".{key}: {theirs[key]!r}, here {own[key]!r}"
