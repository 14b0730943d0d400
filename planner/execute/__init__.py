"""Carrying out plans: `execute` runs one, `Stop` ends it early.

run.py        the whole of a run        tasks.py      which operation waits for which
scheduler.py  the ready queue           operate.py    one task: create, update, delete
context.py    what operations share     report.py     what it amounted to
"""

from __future__ import annotations

from flowplan.planner.execute.run import DEFAULT_PARALLELISM, execute
from flowplan.planner.execute.stop import Stop

__all__ = ["DEFAULT_PARALLELISM", "Stop", "execute"]
