"""The embedded default cluster: ML Commons on SQLite, in this process or on a port.

`open_sandbox` (module `adapter`) mounts it in a requests session, `serve` (module `server`) puts it
on a port; both import what they need only when they are used.
"""

from __future__ import annotations

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.faults import Disconnect
from flowplan.providers.sandbox.options import SandboxOptions, parse_options

__all__ = ["Disconnect", "SandboxApp", "SandboxOptions", "parse_options"]
