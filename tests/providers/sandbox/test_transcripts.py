"""The sandbox answers what a real OpenSearch 3.6.0 answered, call by call.

Replays the recorded transcripts when they lie beside the checkout; skipped otherwise.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import SandboxOptions
from flowplan.providers.sandbox.wire import Request

TRANSCRIPTS = Path(__file__).resolve().parents[4] / "shared" / "opensearch" / "transcripts"
RECORDED = (
    "01-node-and-settings",
    "05-ml-connectors",
    "06-ml-models",
    "07-index-pipelines-agents",
    "09-more-facts",
    "10-task-states-and-restart",
    "11-leftovers-and-stuck-deprovision",
    "12-endpoint-guards",
    "13-remote-failures",
)
# Calls that are sent but not compared, each with its reason: "transcript:number".
PLUGINS = ("opensearch-flow-framework", "opensearch-job-scheduler", "opensearch-ml")
UNRECORDED = "calls between were not recorded"
OTHER_NODE = "the recorded node has another name"
FLOW_FRAMEWORK = "Flow Framework made what it asks for"
NO_NETWORK = "the sandbox calls no remote service"
LEFT_OUT = {
    **dict.fromkeys(("01:0", "01:2"), OTHER_NODE),
    "01:3": "here the setting is put before, there only after it",
    "05:21": "an id named nope had been deleted before the recording",
    **dict.fromkeys(("05:42", "05:43", "06:67", "06:83", "07:65", "09:77"), "the node held more"),
    "06:66": "the profile is timings and a Java object",
    **dict.fromkeys(("06:80", "06:81", "06:82", "06:89", "06:90", "06:92", "06:94"), UNRECORDED),
    **dict.fromkeys(("06:95", "10:29"), UNRECORDED),
    "07:59": "the sandbox has no tools to run",
    "07:66": "the sandbox lists fewer tools",
    **dict.fromkeys(("09:33", "09:38", "09:42"), FLOW_FRAMEWORK),
    **dict.fromkeys(("11:1", "11:2", "11:4", "11:6", "11:7", "11:8", "11:9"), FLOW_FRAMEWORK),
    **dict.fromkeys(("11:10", "11:21", "11:29", "11:31"), FLOW_FRAMEWORK),
    **dict.fromkeys(("12:8", "12:14", "13:2"), NO_NETWORK),
}
PROLOGUE = (
    # What the node had before the first recorded call that needs it.
    (
        "PUT",
        "/_cluster/settings",
        {
            "persistent": {
                "plugins.ml_commons.trusted_connector_endpoints_regex": [
                    r"^http://127\.0\.0\.1:[0-9]+/.*$"
                ]
            }
        },
    ),
    ("POST", "/_plugins/_ml/model_groups/_register", {"name": "group-renamed", "description": "y"}),
)
NAMED_IDS = (
    "connector_id",
    "model_id",
    "task_id",
    "model_group_id",
    "agent_id",
    "_id",
    "index_uuid",
)
VOLATILE = re.compile(
    r".*_time|took|_seq_no|_primary_term|cluster_uuid|build_.*|creation_date|uuid"
)


class Clock:
    """Time between recorded calls: short, unless a call's name says that somebody waited."""

    def __init__(self) -> None:
        self.now = 1795215000.0

    def __call__(self) -> Any:
        return self.now

    def before(self, call: Any) -> None:
        deploying = re.search(r"\+0\.0\d\ds", call["name"])
        waited = re.search(
            r"later|deployed$|final|after restart|since|deployed\)|\+0\.[12]", call["name"]
        )
        self.now += 0.11 if deploying else 1.0 if waited else 0.01


class Replay:
    """Transcripts against one sandbox; recorded ids are mapped to ours as they appear."""

    def __init__(self, path: Any) -> None:
        self.clock = Clock()
        self.app = SandboxApp(SandboxOptions(path=path, plugins=PLUGINS), clock=self.clock)
        self.ids = {}
        for method, target, body in PROLOGUE:
            reply = self.app.handle(Request(method, target, {}, json.dumps(body).encode()))
        self.ids["r1Y0-6EBnYS6QzcmF1lp"] = reply.body["model_group_id"]

    def compare(self, call: Any) -> Any:
        """Send one call; where the answer differs from the recorded one."""
        self.clock.before(call)
        reply = self.send(call)
        own = (
            json.loads(reply.encoded() or b"null")
            if reply.content_type.startswith("application/json")
            else reply.body
        )
        recorded = call["response"]
        self.learn(recorded["body"], own)
        theirs = json.loads(self.ours(json.dumps(recorded["body"])))
        found = (
            []
            if reply.status == recorded["status"]
            else [f"status {recorded['status']} is not {reply.status}: {own}"]
        )
        return found + differences(theirs, own)

    def ours(self, text: Any) -> Any:
        for theirs, own in self.ids.items():
            text = text.replace(theirs, own)
        return text

    def send(self, call: Any) -> Any:
        asked = call["request"]
        path, _, query = self.ours(asked["path"]).partition("?")
        body = asked.get("raw_body")
        if body is None:
            body = "" if asked.get("body") is None else self.ours(json.dumps(asked["body"]))
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        params = {name: value for name, _, value in pairs}
        return self.app.handle(Request(asked["method"], path, params, body.encode()))

    def learn(self, theirs: Any, own: Any) -> None:
        if isinstance(theirs, dict) and isinstance(own, dict):
            for key, value in theirs.items():
                if key in NAMED_IDS and isinstance(value, str) and isinstance(own.get(key), str):
                    self.ids.setdefault(value, own[key])
                self.learn(value, own.get(key))
            for key in ("worker_node", "planning_worker_nodes"):
                if theirs.get(key) and own.get(key):
                    self.ids.setdefault(theirs[key][0], own[key][0])
            if len(theirs) == len(own) == 1:  # an undeploy's answer: the node's id is the key
                (their_key,), (own_key,) = theirs, own
                if len(their_key) == 22:
                    self.ids.setdefault(their_key, own_key)
        elif isinstance(theirs, list) and isinstance(own, list):
            for left, right in zip(theirs, own, strict=False):
                self.learn(left, right)


def differences(theirs: Any, own: Any, place: Any = "") -> Any:
    """Where two bodies differ, volatile values aside."""
    if type(theirs) is not type(own):
        return [f"{place}: {theirs!r} is not {own!r}"]
    if isinstance(theirs, dict):
        found = [f"{place}.{key} is missing" for key in theirs.keys() - own.keys()]
        found += [f"{place}.{key} is too much" for key in own.keys() - theirs.keys()]
        for key in theirs.keys() & own.keys():
            if not VOLATILE.fullmatch(key):
                found += differences(theirs[key], own[key], f"{place}.{key}")
        return found
    if isinstance(theirs, list):
        if len(theirs) != len(own):
            return [f"{place}: {len(theirs)} items, not {len(own)}"]
        return [
            text
            for number, (left, right) in enumerate(zip(theirs, own, strict=True))
            for text in differences(left, right, f"{place}[{number}]")
        ]
    if isinstance(theirs, str) and "still using this connector" in theirs:
        # The ids of a guard come in the order of the index, which nobody promises.
        theirs, own = ("".join(sorted(text)) for text in (theirs, own))
    return [] if theirs == own else [f"{place}: {theirs!r} is not {own!r}"]


def calls(name: Any) -> Any:
    document = json.loads((TRANSCRIPTS / f"{name}.json").read_text())
    for number, call in enumerate(document["calls"]):
        if (
            "_flow_framework" not in call["request"]["path"]
        ):  # the sandbox has no Flow Framework API
            yield f"{name[:2]}:{number}", call


@pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="the transcripts lie outside this checkout")
def test_every_recorded_call_is_answered_as_recorded(tmp_path: Path) -> None:
    replay = Replay(tmp_path / "sandbox.db")
    found = {}
    for name in RECORDED:
        for key, call in calls(name):
            different = replay.compare(call)
            if different and key not in LEFT_OUT:
                found[f"{key} {call['name']}"] = different
    replay.app.close()
    assert found == {}
