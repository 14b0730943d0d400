"""`flowplan state rekey`: the digests of sensitive values are made anew, with a new salt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import LOCK_TIMEOUT, flag
from flowplan.cli.verbs import verb
from flowplan.errors import Diagnostic

if TYPE_CHECKING:
    from flowplan.planner.rekey import Rekeyed

__all__ = ["command"]


@verb(
    "state rekey",
    flag("--force", help="Take the values given for those on the cluster, whatever was recorded."),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["rekey"],
)
def command(call: Call) -> int:
    """Check the values given against the old digests, then replace those; nothing connects."""
    from flowplan.cli.editing import at_work, tell, write
    from flowplan.cli.next_step import next_after_edit
    from flowplan.cli.places import placing
    from flowplan.cli.session import find, load_template, required_template
    from flowplan.dataclass import replace
    from flowplan.planner.rekey import rekey
    from flowplan.providers.registry import Registry
    from flowplan.state.backends import open_backend
    from flowplan.state.identity import check_workflow, new_salt

    place = find(call, wanted=True)
    steps = Registry()
    loaded = load_template(call, required_template(place), steps)
    backend = open_backend(place.state)
    with at_work(call, backend) as state, placing(loaded.template):
        check_workflow(state, loaded.template.name, backend.location)
        made = rekey(
            loaded.template, loaded.params, steps, state, new_salt(), force=call.flags.force
        )
        edit = write(backend, state, lambda _: made.state)
    lines = [
        f"{made.digests:,} digest{'' if made.digests == 1 else 's'} made anew, with a new salt.",
        *_of_backup(edit.backup),
        f"Next: {next_after_edit(call.flags)}",
    ]
    fields = {
        "digests": made.digests,
        "differing": list(made.differing),
        "without_value": list(made.without),
    }
    warnings = (*loaded.warnings, *_warnings(made))
    return tell(call, replace(edit, lines=lines, fields=fields, warnings=warnings))


def _of_backup(backup: str | None) -> Sequence[str]:
    if backup is None:
        return ()
    return (f"That copy has the old salt and digests: rm {backup}",)


def _warnings(made: Rekeyed) -> tuple[Diagnostic, ...]:
    told = []
    if made.differing:
        told.append(
            Diagnostic(
                "warning",
                "FP470",
                "values were taken for those on the cluster that don't match the old digests",
                _listed(made.differing),
                hint="If one of them is not what the cluster has, change it once and apply.",
            )
        )
    if made.without:
        told.append(
            Diagnostic(
                "warning",
                "FP471",
                "digests of values that template and params don't give can't be made anew",
                _listed(made.without),
                hint="They match nothing now: the next plan shows a change where it compares them.",
            )
        )
    return tuple(told)


def _listed(places: Sequence[str]) -> str:
    return "\n".join(places)
