"""The project: where template, state and sandbox are, and what `flowplan.yaml` says.

Looking for files is cheap and stands here; `flowplan.project.grammar`, which reads the project
file, is imported only where there is one.
"""

from __future__ import annotations

from flowplan.project.places import Place, default_template, locate, state_beside
from flowplan.project.settings import Settings

__all__ = ["Place", "Settings", "default_template", "locate", "state_beside"]
