"""Where in a style sheet something is, so that every error names file, table and key."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from symbolic_music.errors import StyleError, nearest

#: The section kinds of the token language.
SECTIONS = (
    "intro", "verse", "prechorus", "chorus", "bridge", "solo", "break", "interlude", "outro", *"ABCDEFGH",
)  # fmt: skip


class Place:
    """One table of a sheet, read key by key.

    Raises
    ------
    StyleError
        If the table has a key that is not known.
    """

    def __init__(self, path: Path, table: str, row: dict[str, Any], known: Iterable[str]) -> None:
        self.path, self.table, self.row = path, table, row
        known = list(known)
        if not isinstance(row, dict):
            raise StyleError(f"{path.name}: {table}: not a table", hint="see docs/styles.md")
        for key in row:
            if key not in known:
                raise self.wrong(key, "unknown key", nearest(key, known))

    def wrong(self, key: str, what: object, hint: str = "") -> StyleError:
        """An error at one key."""
        return StyleError(f"{self.path.name}: {self.table}: {key}: {what}", hint=hint)

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """The value of a key, of one type."""
        value = self.row.get(key, default)
        if value is None:
            raise self.wrong(key, "missing", "see docs/styles.md")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, f"{value!r} is of the wrong type", "see docs/styles.md")
        return value

    def number(self, key: str, default: float, low: float = 0, high: float = 100) -> float:
        """A number within bounds."""
        value = self.get(key, (int, float), default)
        if not low <= value <= high:
            raise self.wrong(key, value, f"{low:g} to {high:g}")
        return float(value)

    def weight(self) -> float:
        """How often this is chosen beside others, 1 as usual."""
        return self.number("weight", 1, 0.01)

    def word(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """One of some words."""
        value = self.get(key, str, default)
        if value not in (known := list(known)):
            raise self.wrong(key, f"unknown {value!r}", nearest(value, known))
        return str(value)

    def words(self, key: str, known: Iterable[str], default: list[str] | None = None) -> tuple[str, ...]:
        """A list out of some words."""
        known = list(known)
        found = self.get(key, list, default)
        if key in self.row and not found:
            raise self.wrong(key, "empty", f"name at least one, such as {known[0]}")
        for word in found:
            if word not in known:
                raise self.wrong(key, f"unknown {word!r}", nearest(str(word), known))
        return tuple(found)
