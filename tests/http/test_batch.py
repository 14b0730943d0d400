"""Batches: one request does what several operations ask for at the same time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest

from flowplan.errors import FlowplanError, ProviderError
from flowplan.http import Connection
from flowplan.http_batch import MOST

Open = Callable[..., Connection]
Server = Any

PATIENCE = 10.0


class Crowd:
    """Operations in threads of their own on one connection; the first one's request is held."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.first, self.go = threading.Event(), threading.Event()
        self.requests: list[list[str]] = []
        self.answers: dict[str, Any] = {}
        self.threads: list[threading.Thread] = []
        self.sends: Callable[[Any, Sequence[str]], Collection[str]] = lambda _, items: items

    def send(self, cluster: Any, items: Sequence[str]) -> Collection[str]:
        self.requests.append(list(items))
        if len(self.requests) == 1:
            self.first.set()
            assert self.go.wait(PATIENCE)
        return self.sends(cluster, items)

    def ask(self, name: str, item: str, **more: Any) -> None:
        """An operation with the intent `name` asks for `item`."""
        cluster = self.connection.operation(name, **more)

        def work() -> None:
            try:
                self.answers[name] = cluster.batched("undeploy", item, self.send)
            except FlowplanError as error:
                self.answers[name] = error.diagnostics[0].code

        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()

    def meet(self, *others: str, first: str = "a") -> None:
        """While the request of `first` is under way, the others ask for one each."""
        self.ask(first, f"model-{first}")
        assert self.first.wait(PATIENCE)
        for name in others:
            self.ask(name, f"model-{name}")
        self.waiting(len(others))

    def waiting(self, count: int) -> None:
        """Wait until that many wait for their turn."""
        until = time.monotonic() + PATIENCE
        while len(self.connection.batches._waiting["undeploy"]) != count:
            assert time.monotonic() < until
            time.sleep(0.001)

    def end(self) -> dict[str, Any]:
        """Let the first one's request end, and all others; what each was told."""
        self.go.set()
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        return self.answers


def posted(cluster: Any, items: Sequence[str]) -> Collection[str]:
    cluster.request("POST", "/_undeploy", body={"model_ids": items}, safe=True)
    return items


def posted_if_several(cluster: Any, items: Sequence[str]) -> Collection[str]:
    return posted(cluster, items) if len(items) > 1 else items


@pytest.fixture
def crowd(connect: Open) -> Crowd:
    return Crowd(connect())


def test_those_that_ask_while_a_request_is_under_way_share_the_next(crowd: Crowd) -> None:
    crowd.meet(*"bcd")
    assert crowd.end() == dict.fromkeys("abcd", True)
    assert crowd.requests[0] == ["model-a"]
    assert sorted(crowd.requests[1]) == ["model-b", "model-c", "model-d"]
    assert len(crowd.requests) == 2


def test_two_that_want_the_same_are_one_item(crowd: Crowd) -> None:
    crowd.ask("a", "model-a")
    assert crowd.first.wait(PATIENCE)
    crowd.ask("b", "model")
    crowd.ask("c", "model")
    crowd.waiting(2)
    assert crowd.end() == {"a": True, "b": True, "c": True}
    assert crowd.requests == [["model-a"], ["model"]]


def test_a_shared_request_carries_the_intents_of_all(server: Server, crowd: Crowd) -> None:
    crowd.sends = posted
    crowd.meet("b", "c")
    crowd.end()
    carried = [set(headers["X-Opaque-Id"].split(",")) for _, _, headers, _ in server.seen]
    assert carried == [{"a"}, {"b", "c"}]


def test_one_that_the_answer_does_not_name_has_to_ask_alone(crowd: Crowd) -> None:
    crowd.sends = lambda _, items: [item for item in items if item != "model-c"]
    crowd.meet("b", "c")
    assert crowd.end() == {"a": True, "b": True, "c": False}


def test_after_a_shared_request_that_failed_each_has_to_ask_alone(
    server: Server, crowd: Crowd
) -> None:
    server.script = [(403, {"error": "one of them is somebody else's"})]
    crowd.sends = posted_if_several
    crowd.meet("b", "c")
    assert crowd.end() == {"a": True, "b": False, "c": False}


def test_after_a_refusal_no_request_is_shared_any_more(server: Server, crowd: Crowd) -> None:
    server.script = [(404, {"error": "no such path"})]
    crowd.sends = posted_if_several
    crowd.meet("b", "c")
    crowd.end()
    crowd.ask("d", "model-d")
    assert crowd.end()["d"] is False
    assert len(crowd.requests) == 2


def test_what_goes_wrong_with_a_request_for_one_is_that_ones(server: Server, crowd: Crowd) -> None:
    crowd.sends = lambda cluster, items: [cluster.request("POST", "/_undeploy") and items[0]]
    server.script = [(403, {"error": "not yours"})]
    crowd.ask("a", "model-a")
    assert crowd.end() == {"a": "FP312"}


def test_the_checks_of_all_come_before_a_shared_request(server: Server, crowd: Crowd) -> None:
    checked: list[str] = []

    def check(name: str) -> Callable[[], None]:
        return lambda: checked.append(name)

    crowd.sends = posted
    crowd.ask("a", "model-a", before=check("a"))
    assert crowd.first.wait(PATIENCE)
    crowd.ask("b", "model-b", before=check("b"))
    crowd.ask("c", "model-c", before=check("c"))
    crowd.waiting(2)
    crowd.end()
    assert (checked[0], sorted(checked[1:])) == ("a", ["b", "c"])


def test_one_whose_check_fails_keeps_the_shared_request_from_being_sent(
    server: Server, crowd: Crowd
) -> None:
    def lost() -> None:
        raise ProviderError.of("FP330", "the lock is lost", "")

    crowd.sends = posted
    crowd.ask("a", "model-a")
    assert crowd.first.wait(PATIENCE)
    crowd.ask("b", "model-b", before=lost)
    crowd.ask("c", "model-c")
    crowd.waiting(2)
    assert crowd.end() == {"a": True, "b": False, "c": False}
    assert len(server.seen) == 1


def test_one_whose_time_is_up_before_its_turn_is_not_sent(crowd: Crowd) -> None:
    crowd.ask("a", "model-a")
    assert crowd.first.wait(PATIENCE)
    crowd.ask("b", "model-b", timeout=0.05)
    crowd.waiting(1)
    crowd.waiting(0)
    assert crowd.end() == {"a": True, "b": "FP330"}
    assert crowd.requests == [["model-a"]]


def test_a_shared_request_ends_by_the_first_deadline_of_all(crowd: Crowd) -> None:
    ends: list[float] = []

    def send(cluster: Any, items: Sequence[str]) -> Collection[str]:
        ends.append(cluster.deadline - time.monotonic())
        return items

    crowd.sends = send
    crowd.ask("a", "model-a", timeout=math.inf)
    assert crowd.first.wait(PATIENCE)
    crowd.ask("b", "model-b", timeout=math.inf)
    crowd.ask("c", "model-c", timeout=50.0)
    crowd.waiting(2)
    assert crowd.end() == {"a": True, "b": True, "c": True}
    assert ends[0] == math.inf
    assert 0 < ends[1] <= 50


def test_no_more_share_a_request_than_one_header_can_name(crowd: Crowd) -> None:
    crowd.ask("first", "model")
    assert crowd.first.wait(PATIENCE)
    names = [f"{number:02}" for number in range(2 * MOST + 1)]
    for name in names:
        crowd.ask(name, f"model-{name}")
    crowd.waiting(len(names))
    assert crowd.end() == dict.fromkeys(["first", *names], True)
    assert [len(items) for items in crowd.requests] == [1, MOST, MOST, 1]
