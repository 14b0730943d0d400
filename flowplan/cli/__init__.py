"""The command line: parses flags, opens what the planner needs, chooses a renderer.

The only place that knows click. It must not plan, talk to a cluster or print by itself.
"""

from __future__ import annotations

__all__: list[str] = []
