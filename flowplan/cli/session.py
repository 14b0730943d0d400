"""Opens what a verb works on: template, params, state, cluster, from its flags.

The composition layer: the one place that knows planner, providers, state and HTTP together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowplan.cli.call import Call
from flowplan.cli.endpoint import choose_endpoint, connect
from flowplan.errors import Diagnostic, TemplateError, UsageError
from flowplan.planner.params import Params, resolve
from flowplan.planner.planfile import SavedPlan
from flowplan.planner.sensitivity import mark_secrets, secret_params
from flowplan.planner.source import read
from flowplan.planner.template import Template, check_params, parse
from flowplan.planner.workspace import Workspace
from flowplan.project import Place, default_template, locate
from flowplan.providers.registry import Registry
from flowplan.state.backends import Backend, open_backend

__all__ = [
    "Loaded",
    "Opened",
    "check_named",
    "find",
    "load_template",
    "open_existing",
    "open_workspace",
    "parse_template",
    "required_template",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A template with its params, and what it was warned of."""

    template: Template
    params: Params
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A workspace, where it is, and the warnings of its template, with their places."""

    workspace: Workspace
    place: Place
    warnings: tuple[Diagnostic, ...] = ()


def find(call: Call, *, wanted: bool = False) -> Place:
    """Template and state, from the verb's argument, the flags and the working directory.

    `wanted`: the verb needs a template, so the directory's counts even with a state named.
    """
    flags = call.flags
    return locate(
        argument=flags.argument, template=flags.template, state=flags.state, wanted=wanted
    )


def load_template(
    call: Call, path: Path, registry: Registry, saved: Mapping[str, Any] | None = None
) -> Loaded:
    """Read, validate and parametrise; `saved` are the params of a saved plan.

    Raises `TemplateError` with all that is wrong.
    """
    template, found = parse(read(path), registry, strict=call.flags.strict, partial=True)
    if template is None:
        raise TemplateError(*found)
    params, wrong = _params(call, template, saved)
    told = tuple(sorted((*found, *wrong), key=lambda item: (item.line or 0, item.column or 0)))
    if any(item.severity == "error" for item in told):
        raise TemplateError(*told)
    params = mark_secrets(params, secret_params(template, registry))
    return Loaded(template, params, (*told, *params.warnings))


def _params(
    call: Call, template: Template, saved: Mapping[str, Any] | None
) -> tuple[Params, tuple[Diagnostic, ...]]:
    """The params and what is wrong with them, to be told with the template's own mistakes."""
    try:
        params = resolve(
            template.params,
            flags=call.flags.param,
            files=[Path(name) for name in call.flags.params_file],
            environ=call.environ,
            implicit=frozenset(template.implicit),
            project=saved,
        )
    except TemplateError as error:
        return Params(), error.diagnostics
    return params, check_params(template, params.values)


def parse_template(
    call: Call, path: Path, registry: Registry
) -> tuple[Template, tuple[Diagnostic, ...]]:
    """Read and validate, without params; the template and its warnings."""
    template, found = parse(read(path), registry, strict=call.flags.strict)
    if template is None or any(item.severity == "error" for item in found):
        raise TemplateError(*found)
    return template, tuple(found)


def open_workspace(call: Call, *, mode: str, saved: SavedPlan | None = None) -> Opened:
    """What plan, apply and destroy work on.

    `mode` is apply or destroy; a destroy needs no template, only the state that is beside it.
    """
    place = find(call, wanted=mode == "apply")
    target = choose_endpoint(
        call.flags.endpoint, call.environ, saved=saved.endpoint if saved else None
    )
    registry = Registry()
    loaded = None
    if mode == "apply":
        loaded = load_template(
            call, required_template(place), registry, saved.params if saved else None
        )
    backend = open_backend(place.state)
    if mode == "destroy":
        check_named(place, backend)
    connection, endpoint = connect(call, target, _sandbox(place, backend))
    workspace = Workspace(
        backend=backend,
        steps=registry,
        endpoint=endpoint,
        template=loaded.template if loaded else None,
        params=loaded.params if loaded else None,
        connection=connection,
    )
    return Opened(workspace, place, loaded.warnings if loaded else ())


def _sandbox(place: Place, backend: Backend) -> Path:
    """Where `sandbox:` is. A destroy by state alone means the one that the apply made.

    That is beside the template, and with the state kept elsewhere only the directory's own
    template can say so, if the state is its.
    """
    beside = None if place.template else default_template()
    state = backend.load().state if beside else None
    if beside is None or state is None:
        return place.sandbox
    try:
        value = read(beside).value
    except TemplateError:
        return place.sandbox
    same = isinstance(value, dict) and value.get("name") == state.workflow
    return locate(argument=str(beside)).sandbox if same else place.sandbox


def required_template(place: Place) -> Path:
    """The template's path. Raises `UsageError` FP607 when only a state is named."""
    if place.template is None:
        raise UsageError.of(
            "FP607",
            "no template is named, and there is none here",
            "The state alone says what was made, not what is wanted.",
            hint="Name the template as the argument, or with --template PATH.",
        )
    return place.template


def check_named(place: Place, backend: Backend, *, lenient: bool = False) -> None:
    """See that the state beside a template is that template's, without judging the rest of it.

    `a.yaml` and `a.json` have one `a.state.json`. Raises `StateError` FP406, and FP100 when
    neither template nor state is there. `lenient` lets a template pass that can't be read: who
    only wants to see the state may be in the middle of editing.
    """
    if place.template is None:
        return
    state = backend.load().state
    if state is not None and not place.template.exists():
        return
    try:
        value = read(place.template).value
    except TemplateError:
        if lenient and state is not None:
            return
        raise
    name = value.get("name") if isinstance(value, dict) else None
    if state is not None and isinstance(name, str):
        from flowplan.state.identity import check_workflow

        check_workflow(state, name, backend.location)


def open_existing(call: Call) -> tuple[Place, Backend]:
    """Where the state is, for verbs that read it and never connect."""
    place = find(call)
    backend = open_backend(place.state)
    check_named(place, backend, lenient=True)
    return place, backend
