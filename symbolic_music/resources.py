"""Where the files that ship with the package lie."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The path of a shipped file: in the installed package, or in a checkout beside it.

    >>> resource("tokenizers/vocabulary.txt").exists()
    True
    """
    inside = _PACKAGE / name
    return inside if inside.exists() else _PACKAGE.parent / name
