"""Flow Framework's endpoints: what each takes from a request, and which body it answers with.

It must not know the framework that calls it, nor decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.errors import ProviderError
from flowplan.providers.steps_document import steps_document
from flowplan.server import bodies
from flowplan.server.asking import Asked
from flowplan.server.errors import Rejected
from flowplan.server.runs import Run
from flowplan.server.search import search_states, search_templates
from flowplan.server.service import Service

__all__ = ["PREFIX", "Answer", "Route", "Routes"]

Json: TypeAlias = Any
Answer: TypeAlias = tuple[Json, int]
Route: TypeAlias = tuple[str, str, Callable[..., Answer]]
PREFIX = "/_plugins/_flow_framework/workflow"
_OK, _CREATED, _ACCEPTED = HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED
_WAIT = "wait_for_completion_timeout"


@dataclass(frozen=True, slots=True)
class Routes:
    """The endpoints of one service."""

    service: Service

    def table(self) -> tuple[Route, ...]:
        """Method, path and what answers."""
        one = f"{PREFIX}/<workflow_id>"
        return (
            ("POST", PREFIX, self.create),
            ("PUT", one, self.update),
            ("GET", one, self.get),
            ("DELETE", one, self.delete),
            ("POST", f"{one}/_provision", self.provision),
            ("POST", f"{PREFIX}//_provision", self.provision_nothing),
            ("POST", f"{one}/_deprovision", self.deprovision),
            ("GET", f"{one}/_status", self.status),
            ("GET", f"{PREFIX}/_steps", self.steps),
            ("GET", f"{PREFIX}/_search", self.search),
            ("POST", f"{PREFIX}/_search", self.search),
            ("GET", f"{PREFIX}/state/_search", self.search_states),
            ("POST", f"{PREFIX}/state/_search", self.search_states),
        )

    def create(self, asked: Asked) -> Answer:
        """Keep a new template, and with `provision` make what it says."""
        self._see_consistent(asked)
        if asked.flag("reprovision"):
            raise Rejected("You can not use the reprovision parameter to create a new template.")
        template = asked.template()
        self._check(asked, template)
        create = self.service.workflows.create
        if not asked.flag("provision"):
            return {"workflow_id": create(template, asked.caller).id}, _CREATED
        with self._room(asked):
            made = create(template, asked.caller)
            return self._provision(made.id, asked, asked.params())

    def update(self, asked: Asked, workflow_id: str) -> Answer:
        """Replace a template, change fields of it, or change what it made."""
        self._see_consistent(asked)
        if asked.flag("update_fields"):
            fields = asked.json()
            self.service.workflows.update_fields(workflow_id, fields)
            return {"workflow_id": workflow_id}, _CREATED
        if asked.flag("reprovision"):
            with self._room(asked):
                run = self.service.provisioning.reprovision(
                    workflow_id, asked.template(), asked.params(), asked.allow_delete, asked.caller
                )
                return self._begun(run, asked)
        template = asked.template()
        self.service.kept.find(workflow_id)
        self._check(asked, template)
        if not asked.flag("provision"):
            self.service.workflows.replace(workflow_id, template)
            return {"workflow_id": workflow_id}, _CREATED
        with self._room(asked):
            self.service.workflows.replace(workflow_id, template)
            return self._provision(workflow_id, asked, asked.params())

    def _see_consistent(self, asked: Asked) -> None:
        """Refuse switches that don't go together."""
        provision = asked.flag("provision")
        if "use_case" in asked.query:
            raise Rejected(
                "Unable to find substitution ready file for use case:"
                f" {asked.query['use_case']}. flowplan has no templates built in; the directory"
                " examples of its source has some to begin with."
            )
        if provision and asked.flag("update_fields"):
            raise Rejected(
                "You can not use both the provision and update_fields parameters in the same"
                " request."
            )
        if not provision and not asked.flag("reprovision"):
            asked.see_permitted()
            if _WAIT in asked.query:
                raise Rejected(
                    f"Request parameter '{_WAIT}' is not allowed unless the 'provision' or"
                    " 'reprovision' parameter is set to true."
                )
        asked.seconds(_WAIT)

    def _check(self, asked: Asked, template: Mapping[str, Json]) -> None:
        if asked.flag("provision"):
            # Before it is kept: a template that can't be provisioned leaves nothing behind.
            self.service.provisioning.check(template, asked.params())
        else:
            validate = asked.query.get("validation", "all") == "all"
            self.service.workflows.check(template, validate=validate)

    def get(self, asked: Asked, workflow_id: str) -> Answer:
        """The template, without credentials."""
        return bodies.template(self.service.kept.find(workflow_id)), _OK

    def delete(self, asked: Asked, workflow_id: str) -> Answer:
        """Delete the template; what it made stays."""
        clear = asked.flag("clear_status")
        was, found = self.service.workflows.delete(workflow_id, clear_status=clear)
        return bodies.deleted(workflow_id, was.version, found=found), _OK

    def provision(self, asked: Asked, workflow_id: str) -> Answer:
        """Make what the template says."""
        params = asked.params(body=True)
        with self._room(asked):
            return self._provision(workflow_id, asked, params)

    def provision_nothing(self, asked: Asked) -> Answer:
        """A workflow without an id: what is said of any that is not there."""
        return self.provision(asked, "")

    @contextmanager
    def _room(self, asked: Asked) -> Iterator[None]:
        """Room for a run, and for who waits for it. Raises `Rejected` 429 before it begins."""
        wait = asked.seconds(_WAIT)
        self.service.limits.begin(asked.caller.name)
        with self.service.limits.waiting() if wait is not None else nullcontext():
            yield

    def _provision(self, workflow_id: str, asked: Asked, params: Mapping[str, str]) -> Answer:
        run = self.service.provisioning.provision(workflow_id, params, asked.caller)
        return self._begun(run, asked)

    def _begun(self, run: Run, asked: Asked) -> Answer:
        """The answer to what was begun: at once, or with its status when the time is up."""
        seconds = asked.seconds(_WAIT)
        if seconds is None:
            return {"workflow_id": run.workflow_id}, _ACCEPTED
        run.wait(seconds)
        return bodies.status(*self.service.workflows.status(run.workflow_id)), _ACCEPTED

    def deprovision(self, asked: Asked, workflow_id: str) -> Answer:
        """Delete what was made."""
        with self.service.limits.waiting():
            self.service.provisioning.deprovision(workflow_id, asked.allow_delete, asked.caller)
        return {"workflow_id": workflow_id}, _OK

    def status(self, asked: Asked, workflow_id: str) -> Answer:
        """How far it is, and what there is by now."""
        found = self.service.workflows.status(workflow_id)
        return bodies.status(*found, all=asked.flag("all")), _OK

    def steps(self, asked: Asked) -> Answer:
        """The step types with their inputs and outputs."""
        try:
            return steps_document(self.service.registry, asked.names("workflow_step")), _OK
        except ProviderError:
            raise Rejected("Failed to retrieve workflow step json.") from None

    def search(self, asked: Asked) -> Answer:
        """Templates that a query finds."""
        return search_templates(self.service, asked.json(), asked.caller), _OK

    def search_states(self, asked: Asked) -> Answer:
        """Statuses that a query finds."""
        return search_states(self.service, asked.json(), asked.caller), _OK
