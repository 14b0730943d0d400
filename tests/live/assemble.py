"""Puts a real OpenSearch with ML Commons together from Maven Central, once, in a cache directory.

It must not know how a node is started.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

VERSION = "3.6.0"
PLUGIN_VERSION = f"{VERSION}.0"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
SERVER = ("org.opensearch.distribution.integ-test-zip", "opensearch", VERSION)
PLUGINS = {
    "opensearch-job-scheduler": ("org.opensearch.plugin", "opensearch-job-scheduler"),
    "opensearch-ml": ("org.opensearch.plugin", "opensearch-ml-plugin"),
}
# Three quarters of the plugin, and only for models that run on the node's own graphics card.
LEFT_OUT = "onnxruntime_gpu"
DOWNLOAD_SECONDS = 1800


def unprivileged() -> int | None:
    """The user to run the node as; None where whoever runs the tests will do.

    OpenSearch refuses to be run by root.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    return pwd.getpwnam(os.environ.get("FLOWPLAN_OPENSEARCH_USER", "nobody")).pw_uid


def can_enter(path: Path) -> bool:
    """Whether the user that the node runs as can reach that directory."""
    if unprivileged() is None:
        return os.access(path, os.X_OK)
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))


def cache() -> Path:
    """Where everything is kept: FLOWPLAN_OPENSEARCH_HOME, else a cache directory."""
    named = os.environ.get("FLOWPLAN_OPENSEARCH_HOME")
    places = [Path(named)] if named else [
        Path.home() / ".cache/flowplan/opensearch", Path("/var/cache/flowplan/opensearch")
    ]  # fmt: skip
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if can_enter(place.resolve()):
            return place.resolve()
    pytest.skip(f"the user that OpenSearch runs as can't enter {places[-1]}")


def distribution() -> Path:
    """The unpacked server with its plugins; fetched through mvn when it is not there yet."""
    base = cache()
    home = base / f"opensearch-{VERSION}-ml"
    with _alone(base):
        if not home.is_dir():
            mvn = shutil.which("mvn")
            if mvn is None:
                pytest.skip(
                    "a real OpenSearch is fetched with mvn (Apache Maven), which is missing"
                )
            with tempfile.TemporaryDirectory(prefix=".assemble-", dir=base) as work:
                _assemble(mvn, Path(work)).rename(home)
    return home


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    with (base / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _assemble(mvn: str, work: Path) -> Path:
    _fetch(mvn, work)
    zips = work / "zips"
    with zipfile.ZipFile(zips / f"opensearch-{VERSION}.zip") as archive:
        archive.extractall(work)
    home = work / f"opensearch-{VERSION}"
    for name, (_, artifact) in PLUGINS.items():
        with zipfile.ZipFile(zips / f"{artifact}-{PLUGIN_VERSION}.zip") as archive:
            wanted = [item for item in archive.namelist() if LEFT_OUT not in item]
            archive.extractall(home / "plugins" / name, wanted)
    # zipfile forgets modes, and the work directory is its maker's alone.
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return home


def _fetch(mvn: str, work: Path) -> None:
    wanted = [SERVER, *((*plugin, PLUGIN_VERSION) for plugin in PLUGINS.values())]
    items = "".join(
        f"<artifactItem><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version><type>zip</type></artifactItem>"
        for group, artifact, version in wanted
    )
    (work / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>flowplan</groupId>"
        "<artifactId>opensearch</artifactId><version>1</version><packaging>pom</packaging>"
        "<build><plugins><plugin><groupId>org.apache.maven.plugins</groupId>"
        "<artifactId>maven-dependency-plugin</artifactId><configuration>"
        f"<outputDirectory>{work / 'zips'}</outputDirectory><artifactItems>{items}"
        "</artifactItems></configuration></plugin></plugins></build></project>"
    )
    done = subprocess.run(
        [mvn, "-B", "-q", "-f", str(work / "pom.xml"), COPY],
        capture_output=True, text=True, check=False, timeout=DOWNLOAD_SECONDS,
    )  # fmt: skip
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        pytest.fail("mvn can't fetch OpenSearch:\n" + "\n".join(said[:10]), pytrace=False)
