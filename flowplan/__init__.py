"""Plan, apply and destroy the AI resources of an OpenSearch cluster."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
