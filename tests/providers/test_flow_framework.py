"""What the plugin's answers mean: the two documents, no plugin, no workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flowplan.errors import Diagnostic, ProviderError, Refused
from flowplan.protocol import Response
from flowplan.providers.flow_framework import read_workflow_status, read_workflow_template


class Plugin:
    """A cluster that gives one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Mapping[str, str] | None]] = []

    def request(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None
    ) -> Response:
        self.asked.append((method, path, params))
        if isinstance(self.answer, Exception):
            raise self.answer
        return Response(200, self.answer)


def refused(code: str, status: int) -> Refused:
    return Refused(Diagnostic("error", code, "no"), status=status, reason="said so")


def test_both_documents_are_asked_for_by_id_whatever_characters_it_has() -> None:
    plugin = Plugin({"name": "w"})
    assert read_workflow_template(plugin, "a/b") == {"name": "w"}  # type: ignore[arg-type]
    read_workflow_status(plugin, "a/b")  # type: ignore[arg-type]
    base = "/_plugins/_flow_framework/workflow/a%2Fb"
    assert plugin.asked == [("GET", base, None), ("GET", f"{base}/_status", {"all": "true"})]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("FP317", 400), "FP290"),
        (refused("FP313", 404), "FP291"),
        (refused("FP312", 403), "FP312"),
    ],
)
def test_an_answer_that_says_no_is_explained(error: Refused, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        read_workflow_template(Plugin(error), "x")  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == code


def test_an_answer_that_is_no_object_is_not_the_plugin_s() -> None:
    with pytest.raises(ProviderError) as caught:
        read_workflow_status(Plugin([]), "x")  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == "FP324"
