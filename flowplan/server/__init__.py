"""Flow Framework's workflow API over HTTP, carried out by flowplan's own planner and executor.

app.py        the routes             workflows.py  what may be done when
runs.py       the threads of runs    carrying.py   one run: lock, recover, plan, execute
store.py      where workflows are    validation.py what a template is refused for, and how
access.py     who asks               watching.py   what is done around every request
limits.py     how much is taken on   metrics.py    what is counted;  logs.py  what is written

A composition layer like `flowplan.cli`, which it must not know: `flowplan serve` puts it together.
"""

from __future__ import annotations

from flowplan.server.settings import ServeSettings

__all__ = ["ServeSettings"]
