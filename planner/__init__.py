"""Planning and execution: from a template file to changed resources, without HTTP or click."""

from __future__ import annotations

__all__: list[str] = []
