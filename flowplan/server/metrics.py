"""What is counted of requests and runs, for Prometheus; in a registry of the server's own.

Labels are routes, statuses, kinds and outcomes, never ids or names: they would make a series each.
It must not know how anything is answered.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily

from flowplan import __version__
from flowplan.errors import FlowplanError
from flowplan.server.runs import Run, Runs
from flowplan.server.store import Store

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
_STATES = ("NOT_STARTED", "PROVISIONING", "COMPLETED", "FAILED")
_ANSWERS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_RUNS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The counters of one server. Threads may share it."""

    def __init__(self, runs: Runs, store: Store) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "flowplan_http_requests", "Requests that were answered.",
            ("method", "route", "status"), registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "flowplan_http_request_seconds", "How long an answer took.",
            ("method", "route"), buckets=_ANSWERS, registry=self._registry,
        )  # fmt: skip
        self._runs = Counter(
            "flowplan_runs", "Runs that are over.", ("kind", "outcome"), registry=self._registry
        )
        self._run_seconds = Histogram(
            "flowplan_run_seconds", "How long a run was at work.",
            ("kind",), buckets=_RUNS, registry=self._registry,
        )  # fmt: skip
        self._registry.register(_Now(runs, store))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a rule, not a path."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def ran(self, run: Run, seconds: float) -> None:
        """Count a run that is over."""
        self._runs.labels(run.kind, run.outcome).inc()
        self._run_seconds.labels(run.kind).observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


class _Now:
    """What is looked up when somebody asks."""

    def __init__(self, runs: Runs, store: Store) -> None:
        self._runs = runs
        self._store = store

    def collect(self) -> Iterator[Metric]:
        about = GaugeMetricFamily("flowplan_build_info", "This server.", labels=["version"])
        about.add_metric([__version__], 1)
        yield about
        running, waiting = self._runs.counts()
        yield GaugeMetricFamily("flowplan_runs_running", "Runs at work.", value=running)
        yield GaugeMetricFamily(
            "flowplan_runs_queued", "Runs that wait for their turn.", value=waiting
        )
        try:
            found = self._store.all()
        except FlowplanError:
            # The store can't be read just now: the rest is told all the more.
            return
        tally = Tally(str(item.state) for item in found if item.state is not None)
        states = GaugeMetricFamily("flowplan_workflows", "Workflows, by state.", labels=["state"])
        for state in _STATES:
            states.add_metric([state], tally[state])
        yield states
