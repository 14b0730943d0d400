"""`flowplan state pull`: the state document, as it is stored or would be next."""

from __future__ import annotations

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb("state pull", summary=STATE_VERBS["pull"], template_params=False)
def command(call: Call) -> int:
    """Print it in its canonical form, in which it can be pushed."""
    import json

    from flowplan.cli.editing import present
    from flowplan.cli.runs import tell_of_runs
    from flowplan.cli.session import open_existing
    from flowplan.state.codec import encode
    from flowplan.state.transfer import finished

    _, backend = open_existing(call)
    snapshot = backend.load()
    state = present(snapshot, backend.location)
    tell_of_runs(call.err, snapshot, backend.location)
    text = encode(finished(snapshot, state)).decode()
    if not call.out.unicode:
        text = json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    if call.flags.json_into:
        from flowplan.render.json_file import JsonFile

        with JsonFile(call.flags.json_into) as file:
            file.document(json.loads(text))
    call.out.write(text)
    return 0
