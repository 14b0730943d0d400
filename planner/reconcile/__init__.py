"""Finding out what became of requests whose answers were lost."""

from __future__ import annotations

from flowplan.planner.reconcile.recover import recover

__all__ = ["recover"]
