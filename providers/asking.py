"""The questions of checks, as requests: a prediction, a run of an agent, a search.

Nothing here changes a resource; a prediction deploys its model if nothing serves it, as any does.
It must not know templates, or what is expected of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.protocol import Cluster, Json
from flowplan.providers.documents import path_to
from flowplan.providers.named import path_to_name

__all__ = ["ask"]


def ask(
    cluster: Cluster, kind: str, subject: str, body: Mapping[str, Json], pipeline: str = ""
) -> Json:
    """The decoded answer; `pipeline` is for a search. Raises what `cluster.request` raises.

    A prediction and a run cost something, so that only a search is repeated when no answer comes.
    """
    if kind == "search":
        params = {"search_pipeline": pipeline} if pipeline else None
        path = f"{path_to_name('', [subject])}/_search"
        return cluster.request("POST", path, body=dict(body), params=params).body
    if kind == "agent":
        return cluster.request("POST", path_to("agents", subject, "_execute"), body=dict(body)).body
    return cluster.request("POST", path_to("models", subject, "_predict"), body=dict(body)).body
