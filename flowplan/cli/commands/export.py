"""`flowplan export`: the template in Flow Framework's own grammar, for its plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import optional_argument
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "export",
    optional_argument("argument", "[TEMPLATE]"),
    summary=VERBS["export"],
    forms=("json", "yaml"),
)
def command(call: Call) -> int:
    """Print it; params that stay open need not be given, and nothing connects."""
    from flowplan.cli.session import find, load_template, required_template
    from flowplan.planner.export import export
    from flowplan.providers.registry import Registry
    from flowplan.render.validation import warn

    registry = Registry()
    path = required_template(find(call, wanted=True))
    loaded = load_template(call, path, registry, open_params=True)
    exported = export(loaded.template, loaded.params.values, registry)
    warn(call.err, (*loaded.warnings, *exported.warnings))
    call.result(lambda: _yaml(call, exported.document), lambda: exported.document)
    return 0


def _yaml(call: Call, document: Mapping[str, Any]) -> str:
    from flowplan.render.template_yaml import template_yaml

    return template_yaml(document, {}, unicode=call.out.unicode)
