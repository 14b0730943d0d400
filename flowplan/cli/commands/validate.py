"""`flowplan validate`: is this template right, without a cluster or a state."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call, verb
from flowplan.cli.options import optional_argument

__all__ = ["command"]


@verb("validate", optional_argument("argument", "[TEMPLATE]"), summary=VERBS["validate"])
def command(call: Call) -> int:
    """All errors of a template with its params at once. Exit 1 when there are any."""
    from flowplan.cli.session import find, load_template, required_template
    from flowplan.errors import TemplateError
    from flowplan.planner.settled import check_settled
    from flowplan.providers.registry import Registry
    from flowplan.render.validation import valid_document, valid_text, warn

    path, steps = required_template(find(call, wanted=True)), Registry()
    loaded = load_template(call, path, steps)
    wrong = check_settled(loaded.template, loaded.params, steps)
    if wrong:
        raise TemplateError(*wrong, *loaded.warnings)
    if not call.flags.json:
        warn(call.err, loaded.warnings)
    call.result(
        lambda: valid_text(str(path), loaded.template), lambda: valid_document(loaded.warnings)
    )
    return 0
