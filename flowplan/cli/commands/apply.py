"""`flowplan apply`: make the cluster as the template says, or carry out a saved plan."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import REFRESH_ONLY, REPLACE, RUN, SELECT, option, optional_argument
from flowplan.cli.verbs import verb
from flowplan.errors import UsageError

__all__ = ["command"]


@verb(
    "apply",
    optional_argument("argument", "[TEMPLATE]"),
    option("--plan", "plan_file", metavar="FILE", help="Carry out this saved plan."),
    option("--refresh/--no-refresh", default=True, help="Whether to look at the cluster first."),
    option(
        "--check/--no-check",
        default=True,
        help="Whether to run the template's checks once something was changed.",
    ),
    REFRESH_ONLY(),
    *(make() for make in SELECT),
    REPLACE(),
    *(make() for make in RUN),
    summary=VERBS["apply"],
)
def command(call: Call) -> int:
    """Lock, finish what an earlier run left open, plan, ask, execute."""
    if call.flags.plan_file is None:
        from flowplan.cli.changing import change

        return change(call)
    if call.flags.argument:
        raise UsageError.of(
            "FP611",
            "a template and a saved plan are named",
            "A saved plan names its own template.",
            hint="Leave one of them out.",
        )
    from flowplan.cli.saved import apply_saved
    from flowplan.cli.selecting import refuse_selection

    refuse_selection(call.flags)
    return apply_saved(call)
