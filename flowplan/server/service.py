"""Everything that a server has, put together. It must not know HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from flowplan.dataclass import dataclass
from flowplan.providers.registry import Registry
from flowplan.server.access import Access, Anybody
from flowplan.server.accounts import Accounts
from flowplan.server.carrying import Carrier
from flowplan.server.clusters import Clusters
from flowplan.server.kept import Kept
from flowplan.server.limits import Limits
from flowplan.server.logs import told
from flowplan.server.metrics import Metrics
from flowplan.server.neighbours import Neighbourhood
from flowplan.server.provisioning import Provisioning
from flowplan.server.readiness import Readiness
from flowplan.server.runs import Run, Runs
from flowplan.server.sealing import open_seal
from flowplan.server.settings import ServeSettings
from flowplan.server.store import directory_of, open_store
from flowplan.server.workflows import Workflows

__all__ = ["KEY_FILE", "Service", "open_service"]

KEY_FILE = "key"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Service:
    """One server's workflows, runs and cluster."""

    settings: ServeSettings
    registry: Registry
    clusters: Clusters
    kept: Kept
    workflows: Workflows
    provisioning: Provisioning
    runs: Runs
    access: Access
    limits: Limits
    readiness: Readiness
    metrics: Metrics

    def end(self) -> None:
        """Let the runs come to their end, or to one from which they go on, and let go of all."""
        self.runs.drain(self.settings.drain)
        self.kept.store.close()
        self.clusters.close()


def open_service(
    clusters: Clusters,
    settings: ServeSettings,
    *,
    directory: Path,
    store: str | None,
    environ: Mapping[str, str],
    access: Access | None = None,
) -> Service:
    """Open the store, and go on with what an earlier server promised.

    `directory` is where workflows are kept unless `store` names a place, and the key unless the
    environment has it. `access` tells who asks; anybody may where it is None. Raises
    `FlowplanError`.
    """
    registry = Registry()
    opened = open_store(store, directory, environ)
    try:
        seal = open_seal(directory_of(store, directory) / KEY_FILE, environ)
    except BaseException:
        opened.close()
        raise
    kept = Kept(opened, seal, registry)
    runs = Runs(settings.runs, settings.waiting)
    provisioning = Provisioning(
        kept, Carrier(registry, clusters, settings, Neighbourhood(opened)), runs
    )
    metrics = Metrics(runs, opened)
    runs.on_end = _telling(metrics)
    service = Service(
        settings, registry, clusters, kept, Workflows(kept, settings.max_workflows),
        provisioning, runs, access or Anybody(),
        Limits(settings.waiters, settings.runs_a_minute),
        Readiness(opened, clusters, own_account=not isinstance(access, Accounts)),
        metrics,
    )  # fmt: skip
    for workflow_id in provisioning.resume():
        _log.info("run resumed", extra=told(workflow_id=workflow_id))
    return service


def _telling(metrics: Metrics) -> Callable[[Run, float], None]:
    """Count and log each run that is over."""

    def tell(run: Run, seconds: float) -> None:
        metrics.ran(run, seconds)
        _log.info(
            "run ended",
            extra=told(
                workflow_id=run.workflow_id, kind=run.kind, outcome=run.outcome,
                request_id=run.request_id, ms=round(seconds * 1000),
            ),
        )  # fmt: skip

    return tell
