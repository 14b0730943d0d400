"""What flowplan remembers: the model, its codec, the journal, locks and backends."""

from __future__ import annotations

__all__: list[str] = []
