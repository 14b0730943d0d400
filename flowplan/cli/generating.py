"""`flowplan import --generate`: a template of what is on a cluster, to stdout or to a file."""

from __future__ import annotations

import json
from pathlib import Path

from flowplan.cli.call import Call
from flowplan.cli.endpoint import choose_endpoint, connect
from flowplan.cli.next_step import next_after_failure, repeating
from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, UsageError
from flowplan.planner.generate_check import Generated, generate
from flowplan.planner.imports import owners_of
from flowplan.planner.workspace import Workspace
from flowplan.project import Place, locate
from flowplan.providers.registry import Registry
from flowplan.render.generated_text import generated_text, generated_yaml
from flowplan.render.patience import patience
from flowplan.render.validation import warn
from flowplan.state.backends import open_backend
from flowplan.state.model import State

__all__ = ["generate_template", "write_new"]


def generate_template(call: Call) -> int:
    """Read everything, write the template, say what was left out. Changes nothing anywhere else."""
    flags = call.flags
    out = Path(flags.out) if flags.out else None
    if out is not None and out.exists():
        raise _exists(out)
    place = _place(call)
    backend = open_backend(place.state)
    target = choose_endpoint(flags.endpoint, call.environ, project=call.settings.endpoint)
    connection, endpoint = connect(call, target, place.sandbox)
    registry = Registry()
    state = backend.load().state
    with patience(call.err, "Looking at the cluster …", quiet=flags.quiet):
        found = generate(
            Workspace(backend, registry, endpoint, connection=connection),
            name=out.stem if out is not None and out.stem != "template" else "imported",
            only=flags.only,
            known=_known(registry, state),
        )
    warned = (*found.warnings, *_passed_over(found, backend.location))
    warn(call.err, [repeating(item, flags) for item in warned])
    if out is not None:
        write_new(out, _text(call, found, endpoint, out))
    step = next_after_failure(replace(flags, argument=flags.out, template=None), None)
    call.result(
        lambda: (
            generated_text(found, str(out), call.look, next_step=step)
            if out is not None
            else generated_yaml(found, endpoint, unicode=call.out.unicode)
        ),
        lambda: found.document,
    )
    return 0


def _place(call: Call) -> Place:
    """Where state and sandbox are; a template is not needed, and may not be there yet."""
    flags, settings = call.flags, call.settings
    try:
        return locate(template=flags.template, state=flags.state, settings=settings)
    except UsageError:
        return locate(template="template.yaml", state=flags.state, settings=settings)


def _known(registry: Registry, state: State | None) -> frozenset[tuple[str, str]]:
    return frozenset(owners_of(registry, state.resources.values())) if state else frozenset()


def _passed_over(found: Generated, location: str) -> tuple[Diagnostic, ...]:
    if not found.known:
        return ()
    one = found.known == 1
    return (
        Diagnostic(
            "warning", "FP286",
            f"{found.known:,} resource{' is' if one else 's are'} in the state already",
            f"{location} has {'it' if one else 'them'}, so {'it is' if one else 'they are'} left "
            "out: two nodes of one resource would both change it, and both delete it.",
        ),
    )  # fmt: skip


def _text(call: Call, found: Generated, endpoint: str, out: Path) -> str:
    if out.suffix.lower() == ".json" or call.flags.json:
        return json.dumps(found.document, indent=2, ensure_ascii=False)
    return generated_yaml(found, endpoint)


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet. Raises `UsageError` FP287."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError:
        raise _exists(path) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no name of a file"
        raise _refusal(f"{str(path)!r} can't be written: {why}") from None


def _exists(path: Path) -> UsageError:
    return _refusal(f"{path} is there already", "It may have been edited by hand.")


def _refusal(summary: str, detail: str = "") -> UsageError:
    return NotWritten.of(
        "FP287", summary, detail, hint="Name another file, in a directory that you may write to."
    )


class NotWritten(UsageError):
    """The template can't be written there. Exit 1: the call itself was right."""

    exit_code = 1
