"""The text being read: what is left of it, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from symbolic_music.prompt.grammar import PLAYED, READ, fold


@dataclass(frozen=True)
class Mention:
    """Players somewhere in the text: `kind` is "instrument", "ensemble", "number" (a quartet) or "without"."""

    start: int
    end: int
    kind: str
    name: str
    count: int = 1


@dataclass
class Page:
    """A text with the spans that were read blanked out, and the wishes that they were.

    >>> page = Page("in D minor, 8 bars")
    >>> page.put("bars", 8, 12, 18, "8 bars")
    >>> page.fields, page.left[:12]
    ({'bars': 8}, 'in d minor, ')
    """

    text: str
    fields: dict[str, Any] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    tempo_words: list[tuple[int, int, str, str]] = field(default_factory=list)
    understood: list[tuple[int, str, str]] = field(default_factory=list)
    unknown: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plain = fold(self.text)
        self.left = self.plain

    def words(self, start: int, end: int) -> str:
        """The text of a span, as it was written."""
        return " ".join(self.text[start:end].strip(" ,;:-").split())

    def blank(self, start: int, end: int, sign: str = READ) -> None:
        """Take a span out of what is left."""
        self.left = self.left[:start] + sign * (end - start) + self.left[end:]

    def take(self, start: int, end: int, meaning: str) -> None:
        """A span that was understood."""
        self.blank(start, end)
        self.understood.append((start, self.words(start, end), meaning))

    def refuse(self, start: int, end: int, why: str) -> None:
        """A span that was read and cannot be honoured: it is named."""
        self.blank(start, end)
        self.unknown.append((start, f"{self.words(start, end)} ({why})"))

    def put(self, name: str, value: Any, start: int, end: int, meaning: str) -> None:
        """A wish; of two that differ the first counts and the second is named."""
        if self.fields.setdefault(name, value) == value:
            self.take(start, end, meaning)
        else:
            self.refuse(start, end, f"one {'length' if name in ('bars', 'seconds') else name} a piece")

    def mention(self, start: int, end: int, kind: str, name: str, count: int = 1) -> None:
        """Players, settled once the whole text is read."""
        self.blank(start, end, PLAYED)
        self.mentions.append(Mention(start, end, kind, name, count))

    def stands_alone(self, start: int, end: int) -> bool:
        """Whether a span is set off from the words around it by punctuation or by the end of the text."""
        return self.plain[end:].lstrip()[:1] in ("", *",.;:!?)") and self.plain[:start].rstrip()[-1:] in ("", *",.;:(")

    def is_article(self, start: int) -> bool:
        """Whether an "a" here may be the article: it is not a capital, or the first letter, or all are capitals."""
        return self.plain[start] == "a" and (
            self.text[start] == "a" or self.text.isupper() or not self.plain[:start].rstrip(" .!?")
        )
