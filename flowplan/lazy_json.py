"""`json.dumps` and `json.loads`, for modules that seldom need them: loaded by the first call.

A template in YAML is checked without it. It must not know what is written or read.
"""

from __future__ import annotations

from typing import Any

__all__ = ["dumps", "loads"]


def dumps(value: Any, **how: Any) -> str:
    """As `json.dumps`."""
    import json

    return json.dumps(value, **how)


def loads(text: str, **how: Any) -> Any:
    """As `json.loads`."""
    import json

    return json.loads(text, **how)
