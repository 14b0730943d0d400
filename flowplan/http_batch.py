"""Batches: one request does what several operations ask for at the same time.

As in a group commit, whoever finds no request of its kind under way sends one for all that wait;
those that come meanwhile share the next. Those that shared one are done at the same moment, and
so the next ones come together, too: for these the next request waits a few milliseconds. Used by
`flowplan.http_operation` only. It must not know what is sent.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from flowplan.dataclass import dataclass
from flowplan.errors import FlowplanError, Refused

__all__ = ["Batches", "Member"]

MOST = 32
"""Members of one batch: their intents make one header, and servers take 8 KiB of headers."""

COMING, LONGEST = 0.004, 0.02
"""Seconds that a request waits for one more member, and for all of them."""


@dataclass(eq=False, slots=True)
class Member:
    """What one operation wants done, its intent, and until when, on `time.monotonic`.

    `before` is called before anything is sent, and may raise.
    """

    item: str
    intent: str
    deadline: float
    before: Callable[[], None] | None
    taken: bool = False
    over: bool = False
    done: bool = False

    def left(self) -> float | None:
        """Seconds until the deadline; None where there is none."""
        return None if math.isinf(self.deadline) else self.deadline - time.monotonic()


Send: TypeAlias = Callable[[Sequence[Member]], Collection[str]]


class Batches:
    """The batches of one connection, by what they do. Safe to share by threads."""

    def __init__(self) -> None:
        guard = threading.Lock()
        self._ended = threading.Condition(guard)
        self._joined = threading.Condition(guard)
        self._waiting: dict[str, list[Member]] = {}
        self._busy: set[str] = set()
        self._shared: set[str] = set()
        self._refused: set[str] = set()

    def join(self, what: str, member: Member, send: Send) -> bool:
        """Whether a shared request did what `member` wants; `send` gives the items that are done.

        False also when the shared request failed, when one was refused before, and when the
        member's time is up. Raises what `send` raises for a batch of one.
        """
        if what in self._refused:
            return False
        with self._joined:
            self._waiting.setdefault(what, []).append(member)
            self._joined.notify_all()
        while batch := self._turn(what, member):
            self._carry(what, batch, send)
        return member.done

    def _turn(self, what: str, member: Member) -> Sequence[Member]:
        """The batch that this thread is to send; empty when the member needs no more waiting."""
        with self._ended:
            free = self._ended.wait_for(
                lambda: member.over or what not in self._busy, timeout=member.left()
            )
            if not free and member.taken:
                # That request ends by this member's deadline, too.
                self._ended.wait_for(lambda: member.over)
            elif not free:
                self._waiting[what].remove(member)
                member.over = True
            if member.over:
                return ()
            self._busy.add(what)
            if what in self._shared:
                self._gather(what)
            return self._take(what)

    def _gather(self, what: str) -> None:
        """Wait while more come, if only for a moment."""
        until = time.monotonic() + LONGEST
        waiting, count = self._waiting[what], 0
        while count < len(waiting) < MOST and time.monotonic() < until:
            count = len(waiting)
            self._joined.wait(COMING)

    def _take(self, what: str) -> Sequence[Member]:
        waiting = self._waiting[what]
        batch, self._waiting[what] = waiting[:MOST], waiting[MOST:]
        for one in batch:
            one.taken = True
        if len(batch) > 1:
            self._shared.add(what)
        else:
            self._shared.discard(what)
        return batch

    def _carry(self, what: str, batch: Sequence[Member], send: Send) -> None:
        done: Collection[str] = ()
        try:
            done = send(batch)
        except FlowplanError as error:
            # Each asks alone then, and learns what is wrong with its own.
            if len(batch) == 1:
                raise
            if isinstance(error, Refused):
                # This cluster, or this account, would be asked in vain again and again.
                self._refused.add(what)
        finally:
            with self._ended:
                for one in batch:
                    one.over, one.done = True, one.item in done
                self._busy.discard(what)
                self._ended.notify_all()
