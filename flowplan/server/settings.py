"""What `flowplan serve` was told: limits and times. It must not know where they come from."""

from __future__ import annotations

from flowplan.dataclass import dataclass

__all__ = ["ServeSettings"]


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """The settings of one server. Times are in seconds.

    `runs` is how many provisionings and deprovisionings are at work at once, `waiting` how many
    more may wait for their turn. `parallelism` bounds the steps of one run, `threads` the requests
    that are answered at once. `drain` is how long the end waits for runs before it stops them;
    `patience` is how long a run that an earlier server began waits for the cluster to answer.
    `max_body` and `max_head` are bytes of a request, `idle` is how long a connection may be silent,
    and there are `connections` at most. `waiters` requests may wait for a run to end, and a caller
    may begin `runs_a_minute`, any number where it is 0.
    """

    parallelism: int = 10
    runs: int = 16
    waiting: int = 1000
    threads: int = 64
    max_workflows: int = 1000
    lock_timeout: float = 60.0
    drain: float = 60.0
    patience: float = 300.0
    max_body: int = 16 << 20
    max_head: int = 64 << 10
    idle: int = 60
    connections: int = 1000
    waiters: int = 48
    runs_a_minute: int = 0
