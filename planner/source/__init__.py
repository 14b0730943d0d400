"""Reads YAML and JSON files into plain values, with a place in the file for every one of them.

It must not know what the values mean: templates, params files and the project file are all
read here.
"""

from __future__ import annotations

from flowplan.planner.source.document import Document, Position, Syntax
from flowplan.planner.source.reading import parse_text, read

__all__ = ["Document", "Position", "Syntax", "parse_text", "read"]
