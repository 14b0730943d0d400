"""Many clients on many workflows at once, with a `kill -9` and a restart in the middle.

    python -m tests.server.load [SECONDS] [postgres]

Clients provision and deprovision, and look at statuses all the time. In the end every workflow is
provisioned, and the sandbox has to have exactly what the statuses list.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from flowplan.server.routes import PREFIX
from tests.live.postgres import start
from tests.server.cluster import resources
from tests.server.process import Served
from tests.server.templates import chat

_PATIENCE = 120.0


@dataclass(slots=True)
class Load:
    """What the clients met.

    `looks` are the seconds that statuses took, `failed` the workflows whose run failed and why.
    """

    served: Served
    workflows: Sequence[str]
    until: float
    statuses: Counter[int] = field(default_factory=Counter)
    looks: list[float] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    broken: int = 0

    def client(self, number: int, count: int) -> None:
        """One client: its own workflows up and down, and looks at everybody's."""
        chance = random.Random(number)
        own = self.workflows[number::count]
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < self.until:
                workflow = chance.choice(own)
                state = self.look(session, workflow)
                if state in {"NOT_STARTED", "FAILED"}:
                    self.ask(session, "POST", f"{workflow}/_provision")
                elif state == "COMPLETED" and chance.random() < 0.3:
                    self.ask(session, "POST", f"{workflow}/_deprovision")
                for other in chance.sample(self.workflows, 5):
                    self.ask(session, "GET", f"{other}/_status?all=true")

    def finish(self) -> Counter[str]:
        """Provision whatever is not; the states in the end."""
        end = time.monotonic() + _PATIENCE
        with requests.Session() as session:
            session.trust_env = False
            while True:
                states = {workflow: self.look(session, workflow) for workflow in self.workflows}
                if set(states.values()) == {"COMPLETED"} or time.monotonic() > end:
                    return Counter(states.values())
                for workflow, state in states.items():
                    if state in {"NOT_STARTED", "FAILED"}:
                        self.ask(session, "POST", f"{workflow}/_provision")
                time.sleep(0.5)

    def look(self, session: requests.Session, workflow: str) -> str:
        """The state of a workflow; why it failed is kept."""
        status = self.ask(session, "GET", f"{workflow}/_status")
        state = str(status.get("state"))
        if state == "FAILED":
            self.failed.append((workflow, str(status.get("error"))))
        return state

    def ask(self, session: requests.Session, method: str, path: str) -> dict[str, Any]:
        begun = time.monotonic()
        try:
            answer = session.request(method, f"{self.served.url}{PREFIX}/{path}", timeout=_PATIENCE)
        except requests.RequestException:
            self.broken += 1
            time.sleep(0.2)
            return {}
        if "_status" in path:
            self.looks.append(time.monotonic() - begun)
        self.statuses[answer.status_code] += 1
        found: dict[str, Any] = answer.json()
        return found


def run(
    directory: Path,
    seconds: float,
    *arguments: str,
    clients: int = 32,
    workflows: int = 200,
    kills: int = 1,
) -> Load:
    """The whole of it; `arguments` are more of the server's.

    Raises `AssertionError` where anything was lost or made twice.
    """
    with Served(directory, *arguments, endpoint="sandbox:?deploy=50ms") as served:
        ids = [
            served.ask("POST", "", _template(number))[1]["workflow_id"]
            for number in range(workflows)
        ]
        load = Load(served, ids, time.monotonic() + seconds)
        threads = [
            threading.Thread(target=load.client, args=(number, clients), daemon=True)
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            time.sleep(seconds / (kills + 1))
            served.kill()
            served.start()
        for thread in threads:
            thread.join(seconds + _PATIENCE)
        states = load.finish()
        assert states == {"COMPLETED": workflows}, (states, load.failed)
        listed: Counter[str] = Counter()
        for workflow in ids:
            for item in served.state(workflow)["resources_created"]:
                if item["workflow_step_name"] != "deploy_model":
                    listed[item["resource_id"]] += 1
        assert served.end() == 0
    there = resources(directory / ".flowplan/sandbox.db")
    assert len(there["model_groups"]) == workflows
    assert Counter([*there["connectors"], *there["models"]]) == listed
    assert not [status for status in load.statuses if status >= 500], load.statuses
    return load


def _template(number: int) -> dict[str, Any]:
    made = chat(f"flow {number}")
    made["workflows"]["provision"]["nodes"][1]["user_inputs"]["name"] = f"chat model {number}"
    return made


def main(arguments: Sequence[str]) -> int:
    seconds = float(arguments[0]) if arguments else 60.0
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        more = ["--store", stack.enter_context(start())("load")] if "postgres" in arguments else []
        load = run(Path(place), seconds, *more)
    looks = sorted(load.looks)
    print(f"{load.statuses.total():,} requests in {seconds:g} s: {dict(load.statuses)}")
    print(f"{load.broken} broke off with the kill, {len(load.failed)} runs failed")
    for part in (50, 95, 99):
        print(f"p{part} of _status: {looks[len(looks) * part // 100] * 1000:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
