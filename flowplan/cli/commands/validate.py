"""`flowplan validate`: is this template right, without a cluster or a state."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call, verb
from flowplan.cli.options import optional_argument

__all__ = ["command"]


@verb("validate", optional_argument("argument", "[TEMPLATE]"), summary=VERBS["validate"])
def command(call: Call) -> int:
    """All errors of a template and its params at once. Exit 1 when there are any."""
    from flowplan.cli.session import find, load_template, required_template
    from flowplan.providers.registry import Registry
    from flowplan.render.validation import valid_document, valid_text, warn

    path = required_template(find(call, wanted=True))
    loaded = load_template(call, path, Registry())
    if not call.flags.json:
        warn(call.err, loaded.warnings)
    call.result(
        lambda: valid_text(str(path), loaded.template), lambda: valid_document(loaded.warnings)
    )
    return 0
