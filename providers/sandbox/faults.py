"""Failures on purpose, the same ones for the same seed and request number.

For the application, which asks before each request what shall go wrong with it. Must not know what
the request is about: any may fail. Nothing here sleeps or kills; the application does.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Literal

from flowplan.dataclass import dataclass
from flowplan.providers.sandbox.options import SandboxOptions
from flowplan.providers.sandbox.wire import ApiError, Reply

__all__ = ["AnswerLost", "AnswerTooLate", "ConnectionReset", "Disconnect", "Fault", "FaultPlan"]

Kind = Literal["none", "reset", "lost", "crash", "error", "delay"]

# Status and whether the request takes effect all the same. A 429 in OpenSearch's own words is
# always before: the request was not executed. 502 and 504 are what a proxy says.
_ERRORS: tuple[tuple[int, bool], ...] = (
    (429, False),
    (500, False),
    (503, False),
    (502, False),
    (504, False),
    (500, True),
    (503, True),
)
_PROXY = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


class Disconnect(Exception):
    """The client gets no answer."""


class ConnectionReset(Disconnect):
    """The connection ended before the request took effect."""


class AnswerLost(Disconnect):
    """The request took effect, its answer is gone."""


class AnswerTooLate(Disconnect):
    """The request takes effect after the client has stopped waiting."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; `effect`: it is carried out all the same.

    `delay` is how many seconds later.
    """

    kind: Kind = "none"
    status: int = 0
    effect: bool = True
    delay: float = 0.0

    def reply(self) -> Reply:
        """The error answer of a fault of kind `error`."""
        if self.status in _PROXY and not self.effect:
            title = f"{self.status} {_PROXY[self.status]}"
            page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
            return Reply(self.status, page, content_type="text/html")
        if self.status == 429:  # noqa: PLR2004
            type_, reason = "rejected_execution_exception", "rejected execution of coordinating"
        elif self.status == 503:  # noqa: PLR2004
            type_ = "process_cluster_event_timeout_exception"
            reason = "failed to process cluster event within 30s"
        else:
            type_, reason = "exception", "injected by the sandbox's error_rate"
        return ApiError(self.status, type_, reason).reply()


NO_FAULT = Fault()


class FaultPlan:
    """The faults of a seed; `ordinal` numbers the requests, by default those of this process."""

    def __init__(self, options: SandboxOptions, ordinal: Callable[[], int] | None = None) -> None:
        self._options = options
        self._ordinal = ordinal or itertools.count().__next__

    def draw(self) -> Fault:
        """The fault of the next request."""
        return self.at(self._ordinal()) if self._options.faulty else NO_FAULT

    def at(self, ordinal: int) -> Fault:
        """The fault of one request number, whichever thread asks."""
        options = self._options
        # A generator of its own for each number: the order in which threads draw doesn't matter.
        rng = random.Random(f"{options.seed}:{ordinal}")  # noqa: S311
        point = rng.random()
        kinds: tuple[tuple[Kind, float], ...] = (
            ("reset", options.reset_rate),
            ("lost", options.lost_rate),
            ("crash", options.crash_rate),
            ("error", options.error_rate),
            ("delay", options.delay_rate),
        )
        for kind, rate in kinds:
            if point < rate:
                return self._fault(kind, rng)
            point -= rate
        return NO_FAULT

    def _fault(self, kind: Kind, rng: random.Random) -> Fault:
        if kind == "error":
            status, effect = rng.choice(_ERRORS)
            return Fault(kind, status, effect)
        if kind == "crash":
            return Fault(kind, effect=rng.random() < 0.5)  # noqa: PLR2004
        if kind == "delay":
            return Fault(kind, delay=rng.random() * self._options.delay)
        return Fault(kind, effect=kind == "lost")
