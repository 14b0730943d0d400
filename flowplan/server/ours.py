"""The endpoints that Flow Framework does not have: plan, drift, health, the API's description.

It must not know the framework that calls it, nor decide anything.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.server.asking import Asked
from flowplan.server.loading import load
from flowplan.server.routes import PREFIX, Answer, Route
from flowplan.server.service import Service

__all__ = ["add_ours"]

Json: TypeAlias = Any
_OK, _UNAVAILABLE = HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE


def add_ours(service: Service) -> tuple[Route, ...]:
    """Method, path and what answers."""
    ours = _Ours(service)
    return (
        ("GET", f"{PREFIX}/<workflow_id>/_plan", ours.plan),
        ("GET", f"{PREFIX}/<workflow_id>/_drift", ours.drift),
        ("GET", "/healthz", ours.health),
        ("GET", "/readyz", ours.ready),
        ("GET", "/openapi.json", ours.describe),
    )


@dataclass(frozen=True, slots=True)
class _Ours:
    service: Service

    def plan(self, asked: Asked, workflow_id: str) -> Answer:
        """What provisioning would do now, as `flowplan plan --format json`."""
        # On use, like the rest of what draws: most servers are never asked.
        from flowplan.render.plan_json import plan_document

        found = self.service.kept.find(workflow_id)
        template = self.service.kept.template_of(found)
        loaded = load(template, asked.params(), self.service.registry, secrets_may_miss=True)
        plan = self.service.provisioning.plan(workflow_id, loaded, asked.caller, asked.allow_delete)
        return plan_document(plan), _OK

    def drift(self, asked: Asked, workflow_id: str) -> Answer:
        """What has changed on the cluster since, as `flowplan drift --format json`."""
        from flowplan.render.drift import drift_document

        self.service.workflows.status(workflow_id)
        plan = self.service.provisioning.plan(workflow_id, None, asked.caller)
        return drift_document(plan), _OK

    def health(self, asked: Asked) -> Answer:
        """The process answers."""
        return {"status": "ok"}, _OK

    def ready(self, asked: Asked) -> Answer:
        """Whether it takes work: it can write and reach the cluster, and is not about to end."""
        found = self.service.readiness.look()
        word = "ready" if set(found.values()) == {"ok"} else "unready"
        if self.service.runs.draining:
            word = "draining"
        body = {"status": word, "runs": self.service.runs.count, **found}
        return body, _OK if word == "ready" else _UNAVAILABLE

    def describe(self, asked: Asked) -> Answer:
        """The API as an OpenAPI document."""
        # On use: clients that are written by hand never ask.
        from flowplan.server.openapi import document

        return document(), _OK
