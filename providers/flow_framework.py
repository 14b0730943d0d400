"""Flow Framework's own API, as far as a workflow that it provisioned is read from it.

It must not know what becomes of a template or a status. Source: flow-framework.md §3 and recorded
answers of version 3.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from flowplan.errors import Diagnostic, ProviderError, Refused
from flowplan.http_answers import not_understood
from flowplan.protocol import Cluster, Json

__all__ = ["read_workflow_status", "read_workflow_template"]

ROOT = "/_plugins/_flow_framework/workflow"
NOT_FOUND, NO_API = 404, "FP317"


def read_workflow_template(cluster: Cluster, workflow_id: str) -> Mapping[str, Json]:
    """The template, without credentials: Flow Framework keeps those to itself.

    Raises `ProviderError` FP290 where there is no Flow Framework, FP291 for no such workflow.
    """
    hint = "If its template was deleted, give it with --template-from FILE."
    return _read(cluster, f"{ROOT}/{quote(workflow_id, safe='')}", {}, workflow_id, hint)


def read_workflow_status(cluster: Cluster, workflow_id: str) -> Mapping[str, Json]:
    """The body of `_status`, with times and user. Raises `ProviderError` FP290, FP291."""
    path = f"{ROOT}/{quote(workflow_id, safe='')}/_status"
    hint = "Check the id, and that --endpoint is the cluster that it was provisioned on."
    return _read(cluster, path, {"all": "true"}, workflow_id, hint)


def _read(
    cluster: Cluster, path: str, params: Mapping[str, str], workflow_id: str, hint: str
) -> Mapping[str, Json]:
    try:
        body = cluster.request("GET", path, params=params or None).body
    except Refused as refused:
        if refused.diagnostics[0].code == NO_API:
            raise _no_flow_framework(refused) from refused
        if refused.status == NOT_FOUND:
            raise _no_workflow(refused, workflow_id, hint) from refused
        raise
    if not isinstance(body, Mapping):
        raise not_understood(f"GET {path}", "It is no object.")
    return body


def _no_flow_framework(refused: Refused) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            "FP290",
            "the cluster has no Flow Framework",
            f"{refused.reason}\nThe plugin opensearch-flow-framework is what keeps workflows.",
            hint="Use the cluster that has the workflow, or give both of its documents:\n"
            "--template-from FILE --status-from FILE",
        )
    )


def _no_workflow(refused: Refused, workflow_id: str, hint: str) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error", "FP291", f"Flow Framework has no workflow {workflow_id}", refused.reason,
            hint=hint,
        )
    )  # fmt: skip
