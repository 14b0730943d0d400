"""One file a verb; each has its click command under the name `command`."""

from __future__ import annotations

__all__: list[str] = []
