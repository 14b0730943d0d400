"""Conversations held with a real node and with the sandbox, so that their answers can be compared.

What the two name by themselves (ids, times) is compared by its place and not by its value. It must
not know which conversations there are.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.wire import Request

CONVERSATIONS = Path(__file__).parents[1] / "providers/sandbox/cases/conversations.json"
VOLATILE = re.compile(
    r"took|_seq_no|_primary_term|creation_date|uuid|.*_time|_score|max_score|line|col"
)
# Where in the body a parser stopped: the sandbox reads it whole.
PLACE = re.compile(r" at 1:\d+|column: \d+|\[\d+:\d+\]")
UUID = re.compile(r"(\[[^\[\]/]+/)[\w-]{22}\]")
NODE_NAMED = re.compile(r"[\w-]{20,22}")
Answer = tuple[int, Any]


class Talk:
    """One side of a conversation; remembers the ids that it was given, by the names of steps."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.tag = f"talk{time.time_ns() % 10**9}"

    def hold(self, steps: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Say all of it; gives the answers as `[status, body]`."""
        answers = [self.say(step) for step in steps]
        return [[status, self.plain(body)] for status, body in answers]

    def say(self, step: Mapping[str, Any]) -> Answer:
        """Send a step; an asked-for state is waited for."""
        method, path, body = step["method"], self.filled(step["path"]), step.get("body")
        text = "" if body is None else self.filled(json.dumps(body, ensure_ascii=False))
        for _ in range(200):
            status, answer = self.send(method, path, step.get("raw", text))
            wanted = step.get("until", {})
            if all(answer.get(key) == value for key, value in wanted.items()):
                break
            time.sleep(0.05)
        if "as" in step:
            self.ids[step["as"]] = str(answer.get(step["id"], f"no-{step['as']}-{self.tag}"))
        return status, answer

    def filled(self, text: str) -> str:
        for name, ident in self.ids.items():
            text = text.replace(f"<{name}>", ident)
        return text.replace("<tag>", self.tag)

    def plain(self, value: Any) -> Any:
        """A body without what no two nodes say alike."""
        if isinstance(value, dict):
            return {
                self.plain(key): "…" if VOLATILE.fullmatch(key) else self.plain(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, str):
            for name, ident in self.ids.items():
                value = value.replace(ident, f"<{name}>")
            value = value.replace(self.tag, "<tag>")
            value = PLACE.sub(" at …", value)
            value = UUID.sub(r"\1<uuid>]", value)
            return (
                "<id>" if NODE_NAMED.fullmatch(value) and re.search(r"\d|[A-Z]", value) else value
            )
        return value

    def send(self, method: str, path: str, text: str) -> Answer:
        raise NotImplementedError


class Real(Talk):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.place = urlsplit(url).netloc

    def send(self, method: str, path: str, text: str) -> Answer:
        connection = http.client.HTTPConnection(self.place, timeout=60)
        try:
            heads = {"Content-Type": "application/json"} if text else {}
            connection.request(method, path, text.encode() or None, heads)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()


class Sandbox(Talk):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.app = SandboxApp(parse_options("sandbox:?deploy=20ms").at(path))

    def send(self, method: str, path: str, text: str) -> Answer:
        path, _, query = path.partition("?")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        reply = self.app.handle(Request(method, unquote(path), pairs, text.encode()))
        return reply.status, json.loads(reply.encoded() or b"null")

    def hold(self, steps: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The same, and close the database."""
        answers = super().hold(steps)
        self.app.close()
        return answers


def differences(theirs: Any, ours: Any, place: str = "") -> Iterator[str]:
    """Where two bodies differ, a line each."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in {**theirs, **ours}:
            yield from differences(theirs.get(key), ours.get(key), f"{place}.{key}")
    elif (
        isinstance(theirs, list | tuple)
        and isinstance(ours, list | tuple)
        and len(theirs) == len(ours)
    ):
        for number, (left, right) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(left, right, f"{place}[{number}]")
    elif theirs != ours:
        yield f"{place}: the node has {theirs!r}, the sandbox {ours!r}"


def conversations() -> dict[str, Any]:
    """By name: what is said (`steps`) and what the node answered when it was recorded."""
    found: dict[str, Any] = json.loads(CONVERSATIONS.read_text("utf-8"))
    return found
