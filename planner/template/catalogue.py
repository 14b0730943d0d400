"""What validation needs to know of step types. The providers' registry satisfies it.

The planner never imports a provider: whoever calls it hands one of these over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flowplan.protocol import StepSchema

__all__ = ["StepCatalogue"]


class StepCatalogue(Protocol):
    """The step types that exist, by name."""

    def schema(self, name: str) -> StepSchema | None:
        """The schema of a step type, None when there is no such."""

    def kind(self, name: str) -> str:
        """What a step type makes or changes (`connector`), "" for an unknown one."""

    def names(self) -> Sequence[str]:
        """All step types that can be named."""

    def unsupported(self, name: str) -> bool:
        """Whether Flow Framework has this step type and flowplan does not, in this version."""
