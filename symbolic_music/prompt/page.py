"""The text being read: what is left of it, and what was found so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from symbolic_music.prompt.grammar import AVOID, NEGATION, PASSED, PLAYED, READ, fold

_AVOIDED = "what to avoid is not understood here"
_NEGATED = re.compile(rf"{NEGATION}(?:(?:only|just)\s+{PASSED})?$")
_SHUNNED = re.compile(rf"\b(?:{AVOID})\s[^,.;:!?]*\b(?:and|n?or)\s+$")
#: From one negated wish to the next: "not in C major or in F", "avoid C major, F major", but "not in C, in F".
_NOR = re.compile(rf"\s*(?:,?\s*\b(?:and|n?or)\s+|[/&]\s*){PASSED}|\s*,\s*(?!(?:in|use|using|the|key)\b)")
_FAR = 80


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
    avoided: list[tuple[str, int]] = field(default_factory=list)

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
        """A wish; of two that differ the first counts and the second is named, as is one that is negated."""
        negated = self.negation(name, start)
        if negated is not None:
            self.avoid(name, negated, end)
        elif self.fields.setdefault(name, value) == value:
            self.take(start, end, meaning)
        else:
            self.refuse(start, end, f"one {'length' if name in ('bars', 'seconds') else name} a piece")

    def negation(self, name: str, start: int) -> int | None:
        """Where the negation of a wish begins: before it, or before the one that it is joined to.

        >>> page = Page("16 bars, not in C major")
        >>> page.negation("bars", 0), page.negation("key", 13)
        (None, 9)
        """
        for other, end in self.avoided:
            joined = _NOR.match(self.plain, end)
            if other == name and joined and end <= start <= joined.end():
                return start
        found = _NEGATED.search(self.plain, max(0, start - _FAR), start)
        if found:
            return found.start() if found["no"] else None
        return start if self.is_shunned(start) else None

    def is_shunned(self, start: int) -> bool:
        """Whether something else was left out in the same breath: "avoid drums and ..."."""
        return bool(_SHUNNED.search(self.plain, max(0, start - _FAR), start))

    def avoid(self, name: str, start: int, end: int) -> None:
        """A wish that is negated: it is named, never imposed."""
        self.avoided.append((name, end))
        self.refuse(start, end, _AVOIDED)

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
