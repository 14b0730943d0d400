"""Opens what a verb works on: template, params, state, cluster, from its flags.

The composition layer: the one place that knows planner, providers, state and HTTP together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowplan.cli.call import Call
from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, TemplateError, UsageError
from flowplan.planner.absent import with_open, without_secrets
from flowplan.planner.expand import expand
from flowplan.planner.params import Params, resolve
from flowplan.planner.sensitivity import declared_secrets, mark_secrets, secret_params
from flowplan.planner.source import Document, read
from flowplan.planner.template import Template, check_params, parse
from flowplan.planner.template.outline import outlined
from flowplan.project import Place, default_template, locate
from flowplan.providers.registry import Registry
from flowplan.render.validation import warn

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.planfile import SavedPlan
    from flowplan.planner.workspace import Workspace
    from flowplan.state.backends import Backend

__all__ = [
    "Loaded",
    "Opened",
    "check_named",
    "find",
    "load_document",
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
    """Template and state, from the verb's argument, the flags, project file and directory.

    `wanted`: the verb needs a template, so the directory's counts even with a state named.
    """
    flags = call.flags
    return locate(
        argument=flags.argument,
        template=flags.template,
        state=flags.state,
        wanted=wanted,
        settings=call.settings,
    )


def load_template(
    call: Call,
    path: Path,
    registry: Registry,
    saved: Mapping[str, Any] | None = None,
    *,
    open_params: bool = False,
) -> Loaded:
    """Read, validate and parametrise; `saved` are the params of a saved plan.

    With `open_params`, what has no value may stay so. Raises `TemplateError` with all that is
    wrong.
    """
    return load_document(call, read(path), registry, saved, open_params=open_params)


def load_document(
    call: Call,
    document: Document,
    registry: Registry,
    saved: Mapping[str, Any] | None = None,
    *,
    open_params: bool = False,
) -> Loaded:
    """Validate and parametrise what was read; see `load_template`."""
    template, found = parse(document, registry, strict=call.flags.strict, partial=True)
    if template is None:
        raise TemplateError(*found)
    broken = any(item.severity == "error" for item in found)
    # Expressions that can't be read say nothing of where params go.
    secrets = declared_secrets(template) if broken else secret_params(template, registry)
    params, wrong = _params(call, template, secrets, saved, open_params=open_params)
    told = tuple(sorted((*found, *wrong), key=lambda item: (item.line or 0, item.column or 0)))
    if not any(item.severity == "error" for item in told):
        template, wrong = expand(
            template, params.values, registry, secrets=secrets, strict=call.flags.strict, told=told
        )
        told += wrong
    if any(item.severity == "error" for item in told):
        raise TemplateError(*told)
    params = mark_secrets(params, secrets)
    return Loaded(template, params, (*told, *params.warnings))


def _params(
    call: Call,
    template: Template,
    secrets: frozenset[str],
    saved: Mapping[str, Any] | None,
    *,
    open_params: bool,
) -> tuple[Params, tuple[Diagnostic, ...]]:
    """The params and what is wrong with them, to be told with the template's own mistakes."""
    if call.params is not None:
        return call.params, check_params(template, call.params.values)
    try:
        params = resolve(
            template.params,
            flags=call.flags.param,
            files=[Path(name) for name in call.flags.params_file],
            environ=call.environ,
            implicit=frozenset(template.implicit),
            saved=saved,
            project=call.settings.params,
            secrets_may_miss=call.flags.allow_missing_secrets,
        )
    except TemplateError as error:
        return Params(), error.diagnostics
    if call.flags.allow_missing_secrets:
        params = without_secrets(params, secrets)
    if open_params:
        params = with_open(params, secrets)
    return params, check_params(template, params.values)


def parse_template(
    call: Call, path: Path, registry: Registry
) -> tuple[Template, tuple[Diagnostic, ...]]:
    """Read and validate, without params; the template and its warnings.

    What a `for_each` makes several of is one node here.
    """
    template, found = parse(read(path), registry, strict=call.flags.strict)
    if template is None or any(item.severity == "error" for item in found):
        raise TemplateError(*found)
    return outlined(template), tuple(found)


def open_workspace(call: Call, *, mode: str, saved: SavedPlan | None = None) -> Opened:
    """What plan, apply and destroy work on.

    `mode` is a plan's; only an apply needs a template, the others the state that is beside it.
    """
    # Here and not above: what only reads a template must not load HTTP and the state.
    from flowplan.cli.endpoint import choose_endpoint, connect
    from flowplan.planner.workspace import Workspace

    place = find(call, wanted=mode == "apply")
    target = choose_endpoint(
        call.flags.endpoint,
        call.environ,
        saved=saved.endpoint if saved else None,
        project=call.settings.endpoint,
    )
    registry = Registry()
    loaded = None
    if mode == "apply":
        loaded = load_template(
            call, required_template(place), registry, saved.params if saved else None
        )
    backend = _backend(call, place)
    if mode != "apply":
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

    Without a project file that is beside the template, and with the state kept elsewhere only
    the directory's own template can say so, if the state is its.
    """
    beside = None if place.template or place.project else default_template()
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
    backend = _backend(call, place)
    check_named(place, backend, lenient=True)
    return place, backend


def _backend(call: Call, place: Place) -> Backend:
    """The state's place, with what is to be said of the way there."""
    from flowplan.state.backends import open_backend

    backend = open_backend(place.state, call.environ)
    warn(call.err, backend.warnings)
    return backend
