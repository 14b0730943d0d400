"""From a body to the bytes of an answer: JSON, or YAML where that is asked for.

`pretty` and `filter_path` do what they do in OpenSearch. It must not know what a body says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan.providers.sandbox.paths import keep

__all__ = ["encode"]

Json: TypeAlias = Any
_JSON, _YAML = "application/json; charset=UTF-8", "application/yaml"


def encode(body: Json, query: Mapping[str, str], accept: str) -> tuple[bytes, str]:
    """The bytes and their content type."""
    wanted = [item for item in query.get("filter_path", "").split(",") if item]
    if wanted and isinstance(body, dict):
        body = keep(body, wanted)
    if query.get("format") == "yaml" or accept.startswith("application/yaml"):
        # On use: few ask for it.
        import yaml

        text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True)
        return text.encode(), _YAML
    indent = 2 if query.get("pretty", "false") != "false" else None
    return json.dumps(body, indent=indent, ensure_ascii=False).encode(), _JSON
