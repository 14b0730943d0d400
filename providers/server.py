"""Which cluster answers at an endpoint: its identity, version and plugins.

It must not know step types.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.errors import Refused
from flowplan.http_answers import not_understood
from flowplan.protocol import Cluster, Json, ServerInfo

__all__ = ["describe"]

FORBIDDEN = frozenset({401, 403, 404})
# What a node says whose cluster has not formed yet.
NO_CLUSTER = "_na_"


def describe(cluster: Cluster) -> ServerInfo:
    """Ask who answers, in two requests. Raises what `Cluster.request` raises, and FP324.

    What the account may not see is None, or "" for the version: an account for ML Commons
    alone has no right to the cluster's own information.
    """
    try:
        root = cluster.request("GET", "/").body
    except Refused as refused:
        # 401 is no matter of rights: the account itself is wrong.
        if refused.status not in FORBIDDEN - {401}:
            raise
        return ServerInfo(None, "", _plugins(cluster))
    version = root.get("version") if isinstance(root, Mapping) else None
    number = version.get("number") if isinstance(version, Mapping) else None
    if not isinstance(number, str):
        raise not_understood("GET /", "It names no version.")
    uuid = root.get("cluster_uuid")
    known = isinstance(uuid, str) and uuid != NO_CLUSTER
    return ServerInfo(uuid if known else None, number, _plugins(cluster))


def _plugins(cluster: Cluster) -> frozenset[str] | None:
    try:
        listed: Json = cluster.request(
            "GET", "/_cat/plugins", params={"format": "json", "h": "component"}
        ).body
    except Refused as refused:
        if refused.status in FORBIDDEN:
            return None
        raise
    if not isinstance(listed, list):
        return None
    names = (item.get("component") for item in listed if isinstance(item, Mapping))
    return frozenset(name for name in names if isinstance(name, str))
