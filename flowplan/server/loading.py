"""From a kept template and the params of a request to what the planner works on.

Params are texts, from the query or the body, as Flow Framework takes them; one that is declared as
something else is read as JSON. It must not know requests, runs or states.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, TemplateError
from flowplan.planner.absent import without_secrets
from flowplan.planner.expand import expand
from flowplan.planner.param_text import json_value
from flowplan.planner.params import Params, ProjectParam, resolve
from flowplan.planner.sensitivity import mark_secrets, secret_params
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, check_params, parse
from flowplan.providers.registry import Registry
from flowplan.server.errors import Rejected, one_line

__all__ = ["Loaded", "load"]

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Loaded:
    """A template with its params, nodes made out."""

    template: Template
    params: Params


def load(
    template: Mapping[str, Json],
    given: Mapping[str, str],
    registry: Registry,
    *,
    secrets_may_miss: bool = False,
) -> Loaded:
    """Parse and parametrise; names in `given` that the template doesn't use are left alone.

    With `secrets_may_miss`, one that is not given counts as unchanged. Raises `Rejected`.
    """
    document = parse_text(json.dumps(template, indent=1), "the template", "json")
    parsed, found = parse(document, registry)
    if parsed is None:
        raise _refusal(found)
    secrets = secret_params(parsed, registry)
    known = {**parsed.params, **parsed.implicit}
    texts = {
        name: ProjectParam("the request", _told, _value(name, text, known[name].type))
        for name, text in given.items()
        if name in known
    }
    try:
        params = resolve(parsed.params, implicit=frozenset(parsed.implicit), project=[texts])
    except TemplateError as error:
        raise _refusal(error.diagnostics) from None
    if secrets_may_miss:
        params = without_secrets(params, secrets)
    missing = [name for name in params.missing if not known[name].optional]
    if missing:
        raise Rejected(
            f"Missing the following required parameters : [{', '.join(missing)}]. The template uses"
            " them, and nothing unresolved is sent: pass them in the query or in the body."
        )
    wrong = [item for item in check_params(parsed, params.values) if item.severity == "error"]
    if wrong:
        raise _refusal(wrong)
    made, found = expand(parsed, params.values, registry, secrets=secrets)
    if any(item.severity == "error" for item in found):
        raise _refusal(found)
    return Loaded(made, mark_secrets(params, secrets))


def _value(name: str, text: str, type: str) -> Json:
    if type == "string":
        return text
    try:
        return json_value(text)
    except ValueError:
        an = "an" if type[0] in "aio" else "a"
        raise Rejected(f"The parameter [{name}] is not {an} {type}: it is read as JSON.") from None


def _told(code: str, summary: str) -> Diagnostic:
    return Diagnostic("error", code, summary)


def _refusal(found: tuple[Diagnostic, ...] | list[Diagnostic]) -> Rejected:
    errors = [item for item in found if item.severity == "error"]
    return Rejected(" ".join(one_line(item) for item in errors[:3]))
