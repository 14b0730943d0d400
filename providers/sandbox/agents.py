"""Placeholder: routes of the next issue."""

from __future__ import annotations

from flowplan.providers.sandbox.routes import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = ()
