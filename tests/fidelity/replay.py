"""Recorded calls sent to one sandbox; recorded ids are mapped to the sandbox's as they appear.

It must not know which calls there are, nor which differences are expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import SandboxOptions
from flowplan.providers.sandbox.wire import Reply, Request
from tests.fidelity.comparing import differences, misshapen
from tests.fidelity.flow import FlowFramework
from tests.fidelity.recordings import FLOW_FRAMEWORK, Call
from tests.fidelity.unrecorded import UNRECORDED, Unrecorded

PLUGINS = ("opensearch-flow-framework", "opensearch-job-scheduler", "opensearch-ml")
NAMED_IDS = frozenset(
    {"connector_id", "model_id", "task_id", "model_group_id", "agent_id", "_id", "index_uuid"}
)
NODES = ("worker_node", "planning_worker_nodes")
_NODE_ID = 22


class Clock:
    """Time between recorded calls: short, unless a call's name says that somebody waited."""

    def __init__(self) -> None:
        self.now = 1795215000.0

    def __call__(self) -> float:
        return self.now

    def before(self, call: Call) -> None:
        deploying = re.search(r"\+0\.0\d\ds", call.name)
        waited = re.search(
            r"later|deployed$|final|after restart|since|deployed\)|\+0\.[12]", call.name
        )
        self.now += 0.11 if deploying else 1.0 if waited else 0.01


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer differs at all, and where in its status or shape."""

    found: tuple[str, ...]
    shape: tuple[str, ...]


class Replay:
    """One sandbox that is asked what the recorded node was asked."""

    def __init__(self, path: Path, unrecorded: Mapping[str, Unrecorded] = UNRECORDED) -> None:
        self.clock, self.unrecorded = Clock(), unrecorded
        self.app = SandboxApp(SandboxOptions(path=path, plugins=PLUGINS), clock=self.clock)
        self.ids: dict[str, str] = {}
        self.flow = FlowFramework(self.send, self.ids, self.wait)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def compare(self, call: Call) -> Difference | None:
        """Send one call: where its answer differs; None for a call of Flow Framework."""
        self.clock.before(call)
        if call.key in self.unrecorded:
            self.put_back(self.unrecorded[call.key])
        if call.family == FLOW_FRAMEWORK:
            self.flow.follow(call)
            return None
        reply = self.send(call.method, call.path, call.text)
        own = (
            json.loads(reply.encoded() or b"null")
            if reply.content_type.startswith("application/json")
            else reply.body
        )
        self.learn(call.body, own)
        theirs = json.loads(self.ours(json.dumps(call.body)))
        statuses = [f"status {call.status}, here {reply.status}"] * (call.status != reply.status)
        return Difference(
            (*statuses, *differences(theirs, own)), (*statuses, *misshapen(theirs, own))
        )

    def put_back(self, item: Unrecorded) -> None:
        for sent in item.calls:
            text = "" if sent.body is None else json.dumps(sent.body)
            reply = self.send(sent.method, sent.path, text)
            if sent.learned is not None:
                theirs, name = sent.learned
                self.ids[theirs] = reply.body[name]

    def ours(self, text: str) -> str:
        for theirs, own in self.ids.items():
            text = text.replace(theirs, own)
        return text

    def send(self, method: str, path: str, text: str = "") -> Reply:
        place, _, query = self.ours(path).partition("?")
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        params = {name: value for name, _, value in pairs}
        return self.app.handle(Request(method, place, params, self.ours(text).encode()))

    def learn(self, theirs: Any, own: Any) -> None:
        """Which of our ids stands where theirs stood."""
        if isinstance(theirs, dict) and isinstance(own, dict):
            for key, value in theirs.items():
                if key in NAMED_IDS and isinstance(value, str) and isinstance(own.get(key), str):
                    self.ids.setdefault(value, own[key])
                if key == "hits" and isinstance(value, list):
                    self.learn_hits(value, own.get(key))
                self.learn(value, own.get(key))
            for key in NODES:
                if theirs.get(key) and own.get(key):
                    self.ids.setdefault(theirs[key][0], own[key][0])
            if len(theirs) == len(own) == 1:  # an undeploy's answer: the node's id is the key
                (their_key,), (own_key,) = theirs, own
                if len(their_key) == _NODE_ID:
                    self.ids.setdefault(their_key, own_key)
        elif isinstance(theirs, list) and isinstance(own, list):
            for left, right in zip(theirs, own, strict=False):
                self.learn(left, right)

    def learn_hits(self, theirs: list[Any], own: Any) -> None:
        """The same for what a search found, which comes in no promised order."""
        known = set(self.ids.values())
        named = {hit["_source"].get("name"): hit["_id"] for hit in own if hit["_id"] not in known}
        for hit in theirs:
            if (found := named.get(hit["_source"].get("name"))) is not None:
                self.ids.setdefault(hit["_id"], found)
