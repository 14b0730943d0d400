"""Bringing an index to its wanted configuration in place: settings, mappings, aliases.

What is sent is the difference from the index as it is now, so that it is the same whether the
template or the cluster changed. It must not know plans, or step types.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.errors import Diagnostic, InUse, ProviderError, Refused
from flowplan.protocol import Cluster, Json
from flowplan.providers.index_form import canonical, flat_settings, section
from flowplan.providers.index_rules import RESET
from flowplan.providers.named import path_to_name, vanished
from flowplan.providers.normalise import alike

__all__ = ["bring_about"]

BAD_REQUEST, NOT_FOUND = 400, 404

Configuration = Mapping[str, Json]


def bring_about(cluster: Cluster, name: str, wanted: Configuration, before: Configuration) -> None:
    """Make the index `name` have `wanted`, and no longer what only `before` had.

    Both are in the one spelling. What neither names is left alone. Raises `InUse` FP362,
    `ProviderError` FP333 and FP337, and what the cluster raises.
    """
    seen = _read(cluster, name)
    try:
        _settings(cluster, name, wanted, before, seen)
        _mappings(cluster, name, wanted, before, seen)
    except Refused as refused:
        if refused.status != BAD_REQUEST:
            raise
        raise _not_in_place(name, refused) from refused
    _aliases(cluster, name, wanted, before, seen)
    _check(name, wanted, _read(cluster, name))


def _read(cluster: Cluster, name: str) -> Configuration:
    answer = cluster.request("GET", path_to_name("", [name]), accept=(NOT_FOUND,))
    if answer.status == NOT_FOUND or name not in answer.body:
        raise vanished("index", name)
    return canonical(answer.body[name])


def _flat(configuration: Configuration) -> dict[str, Json]:
    return flat_settings(section(configuration, "settings"))


def _settings(
    cluster: Cluster, name: str, wanted: Configuration, before: Configuration, seen: Configuration
) -> None:
    now, then = _flat(wanted), _flat(seen)
    changed = {key: item for key, item in now.items() if then.get(key) != item}
    # Null sets a setting back to its default.
    changed |= {key: None for key in _flat(before) if key not in now and key in then}
    if changed:
        cluster.request("PUT", f"{path_to_name('', [name])}/_settings", body=changed)


def _mappings(
    cluster: Cluster, name: str, wanted: Configuration, before: Configuration, seen: Configuration
) -> None:
    mappings, old = section(wanted, "mappings"), section(before, "mappings")
    # Compared with what was asked for before too: a parameter that was dropped is sent as well,
    # by leaving it out.
    reset = {key: item for key, item in RESET.items() if key in old and key not in mappings}
    body = {**reset, **mappings}
    if body and (mappings != old or not alike(mappings, section(seen, "mappings"))):
        cluster.request("PUT", f"{path_to_name('', [name])}/_mapping", body=body)


def _aliases(
    cluster: Cluster, name: str, wanted: Configuration, before: Configuration, seen: Configuration
) -> None:
    now, then = section(wanted, "aliases"), section(seen, "aliases")
    actions: list[Json] = [
        {"add": {"index": name, "alias": alias, **(body or {})}}
        for alias, body in now.items()
        if alias not in then or not alike(body or {}, then[alias])
    ]
    actions += [
        {"remove": {"index": name, "alias": alias}}
        for alias in section(before, "aliases")
        if alias not in now and alias in then
    ]
    if actions:
        cluster.request("POST", "/_aliases", body={"actions": actions}, safe=True)


def _check(name: str, wanted: Configuration, seen: Configuration) -> None:
    then = _flat(seen)
    missing = [key for key, item in _flat(wanted).items() if then.get(key) != item]
    fields = section(section(seen, "mappings"), "properties")
    missing += [
        key for key in section(section(wanted, "mappings"), "properties") if key not in fields
    ]
    there = section(seen, "aliases")
    missing += [alias for alias in section(wanted, "aliases") if alias not in there]
    if missing:
        raise ProviderError(
            Diagnostic(
                "error",
                "FP333",
                f"the cluster accepted a new {missing[0]} and ignored it",
                f"Read back, index {name} has another {missing[0]} than was sent.",
                hint="Set the old value again, or give the index another name, so that it is "
                "made anew.",
            )
        )


def _not_in_place(name: str, refused: Refused) -> InUse:
    return InUse(
        Diagnostic(
            "error",
            "FP362",
            f"index {name} can't be changed so while it exists",
            refused.reason,
            hint="Undo the change, or run the command again: the next plan makes the index anew, "
            "which needs --allow-delete.",
        ),
        status=refused.status,
        reason=refused.reason,
    )
