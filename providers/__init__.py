"""What the cluster offers: one file a family of step types, and the embedded sandbox."""

from __future__ import annotations

__all__: list[str] = []
