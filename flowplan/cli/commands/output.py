"""`flowplan output [NAME]`: the workflow's outputs, for people and for `$(…)`."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.complete import output_names
from flowplan.cli.options import optional_argument
from flowplan.cli.verbs import verb
from flowplan.errors import StateError, nearest

__all__ = ["command"]


@verb(
    "output",
    optional_argument("target", "[NAME]", shell_complete=output_names),
    summary=VERBS["output"],
    template_params=False,
)
def command(call: Call) -> int:
    """Print all, or the bare value of one."""
    from flowplan.cli.session import open_existing
    from flowplan.render.outputs import bare_value, output_value, outputs_document, outputs_text

    _, backend = open_existing(call)
    state = backend.load().state
    outputs = state.outputs if state else {}
    name = call.flags.target
    if name is None:
        call.result(lambda: outputs_text(outputs), lambda: outputs_document(outputs))
        return 0
    if name not in outputs:
        near = nearest(name, list(outputs))
        raise StateError.of(
            "FP490",
            f'no output "{name}" in {backend.location}',
            f'did you mean "{near}"?' if near else "",
            hint=f"Outputs: {', '.join(outputs)}." if outputs
            else "Outputs are recorded by an apply of a template with flowplan.outputs.",
        )  # fmt: skip
    found = outputs[name]
    call.result(lambda: bare_value(found), lambda: output_value(found))
    return 0
