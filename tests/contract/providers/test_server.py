from __future__ import annotations

from typing import Any


def test_the_cluster_names_itself_its_version_and_its_plugins(bench: Any) -> None:
    info = bench.registry.describe(bench.cluster())
    assert info.cluster_uuid
    assert info.version[0].isdigit()
    assert "opensearch-ml" in info.plugins


def test_a_cluster_without_a_plugin_says_so(sandbox_only: Any) -> None:
    info = sandbox_only("plugins=opensearch-knn")
    assert info.registry.describe(info.cluster()).plugins == {"opensearch-knn"}
