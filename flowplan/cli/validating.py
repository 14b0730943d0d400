"""Is a template right, as far as that can be told without a cluster and a state."""

from __future__ import annotations

from flowplan.cli.call import Call
from flowplan.cli.session import find, load_template, required_template
from flowplan.errors import TemplateError
from flowplan.planner.settled import check_settled
from flowplan.providers.registry import Registry
from flowplan.render.validation import valid_document, valid_text, warn

__all__ = ["validate"]


def validate(call: Call) -> int:
    """All errors of a template with its params at once. Raises `TemplateError` for any."""
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
