"""Eight other clients of a cluster that make what looks like ours, all the time.

Each keeps the ids of what it made. They must not know flowplan.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.faults.witness import Ask, asking

__all__ = ["CLIENTS", "Crowd", "Made", "crowded", "equal_ones", "lookalikes"]

ML = "/_plugins/_ml"
CLIENTS = 8
PAUSE = 0.15
PATHS = {
    "create_connector": (f"{ML}/connectors/_create", "connector_id"),
    "register_remote_model": (f"{ML}/models/_register", "model_id"),
    "register_agent": (f"{ML}/agents/_register", "agent_id"),
}
Made = Callable[[Ask], str]


class Crowd:
    """The clients; `ids` is what they made so far."""

    def __init__(self, url: str, wishes: Sequence[Made]) -> None:
        self._url, self._wishes = url, wishes
        self._over = threading.Event()
        self._guard = threading.Lock()
        self.ids: set[str] = set()
        self.failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._make, args=(number,), daemon=True)
            for number in range(CLIENTS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Return when nothing of theirs is under way any more."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert not self.failures, self.failures

    def _make(self, number: int) -> None:
        try:
            with asking(self._url) as ask:
                turn = number
                while not self._over.wait(PAUSE):
                    made = self._wishes[turn % len(self._wishes)](ask)
                    turn += 1
                    with self._guard:
                        self.ids.add(made)
        except BaseException as error:  # noqa: BLE001 - told by `stop`, in the thread of the test
            self.failures.append(error)


def equal_ones(
    template: Mapping[str, Any], secrets: Mapping[str, str], kinds: Sequence[str]
) -> list[Made]:
    """Makers of what the template's nodes of these types make, equal to it."""
    return [
        _maker(node["type"], _filled(node["user_inputs"], secrets))
        for node in template["workflows"]["provision"]["nodes"]
        if node["type"] in kinds
    ]


def lookalikes(
    template: Mapping[str, Any], secrets: Mapping[str, str], ask: Ask
) -> tuple[list[Made], set[str]]:
    """Makers of what has the names of the template's and other content; what they stand on."""
    connector = next(
        node
        for node in template["workflows"]["provision"]["nodes"]
        if node["type"] == "create_connector"
    )
    body = _filled(connector["user_inputs"], secrets) | {"name": "Theirs"}
    own = ask("POST", PATHS["create_connector"][0], body)["connector_id"]
    group = ask("POST", f"{ML}/model_groups/_register", {"name": "Theirs"})["model_group_id"]
    makers = []
    for node in template["workflows"]["provision"]["nodes"]:
        if node["type"] not in PATHS:
            continue
        inputs = _filled(node["user_inputs"], secrets) | {"description": "theirs"}
        inputs.pop("tools_order", None)
        inputs.pop("deploy", None)
        if node["type"] == "register_remote_model":
            inputs |= {"connector_id": own, "model_group_id": group}
        makers.append(_maker(node["type"], inputs))
    return makers, {own, group}


def _maker(kind: str, body: Mapping[str, Any]) -> Made:
    path, key = PATHS[kind]

    def make(ask: Ask) -> str:
        made: str = ask("POST", path, dict(body))[key]
        return made

    return make


def _filled(inputs: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    filled: dict[str, Any] = copy.deepcopy(dict(inputs))
    for name, value in filled.get("credential", {}).items():
        filled["credential"][name] = secrets.get(value.strip("${} "), value)
    return filled


@contextmanager
def crowded(url: str, wishes: Sequence[Made]) -> Iterator[Crowd]:
    """The clients at work for the length of the block."""
    crowd = Crowd(url, wishes)
    crowd.start()
    try:
        yield crowd
    finally:
        crowd.stop()
