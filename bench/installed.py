"""flowplan as a user has it: installed, in an environment of its own, compiled.

An editable install loads a finder with every start, which takes as long as all of `--version`.
What the wheel would hold is copied; the libraries are those of this Python, without its own
start-up files. It must not know what is measured.
"""

from __future__ import annotations

import compileall
import shutil
import sys
import sysconfig
import venv
from pathlib import Path

__all__ = ["install"]

_ROOT = Path(__file__).resolve().parents[1]
_SCRIPT = """#!{python}
import sys
from flowplan.__main__ import main
if __name__ == '__main__':
    sys.exit(main())
"""


def install(directory: Path) -> Path:
    """Make the environment in `directory`; gives the program."""
    venv.create(directory, symlinks=True)
    python = directory / "bin" / "python"
    release = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = directory / "lib" / release / "site-packages"
    # The links in it lead to planner, providers and state: followed, they are what a wheel has.
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(_ROOT / "flowplan", packages / "flowplan", ignore=ignored)
    # A line of a .pth file is put on the path; .pth files that lie there are not executed.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    compileall.compile_dir(packages / "flowplan", quiet=1)
    program = directory / "bin" / "flowplan"
    program.write_text(_SCRIPT.format(python=python), "utf-8")
    program.chmod(0o755)
    return program
