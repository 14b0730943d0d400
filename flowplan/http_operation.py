"""One operation on a cluster: its intent, its deadline, its retries, and what failures become.

Used by `flowplan.http` only; it imports no HTTP library, and must not know step types, state
or templates. DESIGN 6: what is repeated and what is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from flowplan.dataclass import dataclass, field
from flowplan.errors import Diagnostic, FlowplanError, ProviderError, Unreachable
from flowplan.http_answers import (
    ERROR_FROM,
    GATEWAY,
    REDIRECT_FROM,
    THROTTLED,
    Answer,
    lost,
    may_have_executed,
    not_json,
    refusal,
    spoken,
    was_throttled,
)
from flowplan.http_batch import Batches, Member
from flowplan.protocol import Batch, Json, Response

__all__ = ["Channel", "NotAnswered", "Operation", "Request"]

TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class NotAnswered(Exception):
    """A try without an answer, and why.

    `sent`: the request may have arrived. `final`: trying again can't help. `hint`: what would.
    """

    def __init__(self, why: str, *, sent: bool, final: bool = False, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.final = final
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, the same at every try."""

    method: str
    path: str
    body: Json = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing on the cluster."""
        return self.method in {"GET", "HEAD"} or self.path.endswith("/_search")


class Channel(Protocol):
    """What an operation needs of its connection."""

    endpoint: str
    timeout: float
    batches: Batches

    def send(self, request: Request, timeout: float) -> Answer:
        """Send once. Raises `NotAnswered`."""

    def redact(self, text: str) -> str:
        """`text` without any secret."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""

    def jitter(self) -> float:
        """A random number from 0 to 1."""


class Operation:
    """One operation on a cluster; satisfies `flowplan.protocol.Cluster`. For one thread."""

    def __init__(
        self,
        channel: Channel,
        intent_id: str | None,
        timeout: float,
        on_progress: Callable[[str], None] | None,
        on_note: Callable[[str], None] | None,
        before: Callable[[], None] | None = None,
        patience: float | None = None,
    ) -> None:
        self._channel = channel
        self._patience = channel.timeout if patience is None else patience
        self._intent = intent_id or ""
        self._headers = {"X-Opaque-Id": intent_id} if intent_id else {}
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._on_progress = on_progress
        self._on_note = on_note
        self._before = before
        self._doing = ""

    @property
    def deadline(self) -> float:
        """When this operation's time is up, on `time.monotonic`."""
        return self._deadline

    def progress(self, text: str) -> None:
        """Tell the user what is being waited for."""
        self._doing = self._channel.redact(text)
        if self._on_progress is not None:
            self._on_progress(self._doing)

    def note(self, text: str) -> None:
        """Tell the user something worth knowing about what was just done."""
        if self._on_note is not None:
            self._on_note(self._channel.redact(text))

    def wait(self, seconds: float) -> None:
        """Sleep, no longer than the deadline; raises `ProviderError` FP330 once it has passed."""
        self._channel.sleep(min(seconds, self._left()))

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise ProviderError(
                Diagnostic(
                    "error",
                    "FP330",
                    f"not finished within {self._timeout:g} s",
                    f"Last seen: {self._doing}." if self._doing else "",
                    hint="Give it more time with node_timeout in its user_inputs; "
                    "the next apply goes on from here.",
                )
            )
        return left

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        params: Mapping[str, str] | None = None,
        safe: bool | None = None,
        accept: Sequence[int] = (),
    ) -> Response:
        """Send one request; see `flowplan.protocol.Cluster.request`."""
        request = Request(method, path, body, params, self._headers)
        if safe is None:
            safe = method in _REPEATABLE or request.reads
        sent, attempt = False, 0
        while True:
            attempt += 1
            timeout = min(self._patience, self._left())
            if self._before is not None:
                self._before()
            try:
                answer = self._channel.send(request, timeout)
            except NotAnswered as failure:
                sent = sent or (failure.sent and not request.reads)
                again = not failure.final and (safe or not failure.sent)
                if again and self._pause(attempt):
                    continue
                raise self._gave_up(request, failure, sent=sent) from failure
            if self._repeats(answer, safe=safe, accept=accept) and self._pause(attempt, answer):
                sent = sent or (answer.status in GATEWAY and not request.reads)
                continue
            return self._take(request, answer, accept, sent=sent, create=not safe)

    def batched(self, what: str, item: str, send: Batch) -> bool:
        """Do `item` in a request shared with others; see `flowplan.protocol.Cluster.batched`."""

        def together(members: Sequence[Member]) -> Collection[str]:
            return send(self._for_all(members), list(dict.fromkeys(one.item for one in members)))

        member = Member(item, self._intent, self._deadline, self._before)
        done = self._channel.batches.join(what, member, together)
        if not done:
            self._left()
        return done

    def _for_all(self, members: Sequence[Member]) -> Operation:
        """An operation in the name of all: their intents, the first deadline, every check."""
        checks = dict.fromkeys(one.before for one in members if one.before is not None)

        def check_all() -> None:
            for check in checks:
                check()

        return Operation(
            self._channel,
            ",".join(one.intent for one in members if one.intent),
            min(one.deadline for one in members) - time.monotonic(),
            self._on_progress,
            self._on_note,
            check_all,
            self._patience,
        )

    @staticmethod
    def _repeats(answer: Answer, *, safe: bool, accept: Sequence[int]) -> bool:
        if answer.status in accept:
            return False
        if safe:
            return answer.status == THROTTLED or answer.status in GATEWAY
        return was_throttled(answer)

    def _take(
        self,
        request: Request,
        answer: Answer,
        accept: Sequence[int],
        *,
        sent: bool,
        create: bool,
    ) -> Response:
        redact = self._channel.redact
        method, path = request.method, request.path
        # A throttled try was not carried out, but `sent` says that an earlier one may have been.
        unclear = (create or sent) and may_have_executed(answer)
        unclear = unclear or (sent and answer.status == THROTTLED)
        if unclear and answer.status not in accept:
            said = spoken(answer, redact)
            raise lost(method, path, f"{answer.status} came instead{f': {said}' if said else ''}")
        if answer.status in accept or answer.status < REDIRECT_FROM:
            if not answer.decoded and answer.status < ERROR_FROM:
                raise not_json(method, path, answer, redact)
            return Response(answer.status, answer.body)
        raise refusal(method, path, answer, redact)

    def _pause(self, attempt: int, answer: Answer | None = None) -> bool:
        """Wait before the next try; False when there is no try or no time left."""
        if attempt >= TRIES:
            return False
        pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
        pause *= 0.5 + self._channel.jitter() / 2
        if answer is not None:
            pause = max(pause, _seconds(answer.retry_after))
        if time.monotonic() + pause >= self._deadline:
            return False
        self._channel.sleep(pause)
        return True

    def _gave_up(self, request: Request, failure: NotAnswered, *, sent: bool) -> FlowplanError:
        endpoint = self._channel.endpoint
        if sent:
            return lost(request.method, request.path, f"{endpoint}: {failure.why}")
        hint = failure.hint or "Check --endpoint and that the cluster is up."
        return Unreachable.of("FP322", f"{endpoint} can't be reached", f"{failure.why}.", hint=hint)


def _seconds(retry_after: str) -> float:
    """Retry-After in seconds from now: a number of seconds or an HTTP date; 0 for neither."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
