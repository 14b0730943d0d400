"""Everything a person or a script reads: text, JSON, live progress. The only place that prints.

Renderers are pure functions from Plan, Event and State objects to text; `Screen` writes it.
They must not know click, HTTP, files of the project or how a plan is made.
"""

from __future__ import annotations

__all__: list[str] = []
