"""How fast flowplan is beside its peers and beside what is possible: `python -m bench`."""

from __future__ import annotations

__all__: list[str] = []
