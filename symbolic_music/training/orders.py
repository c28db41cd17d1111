"""What the arranger is asked to write for the corpus: so many pieces in every style, some over lead sheets."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symbolic_music.errors import SymbolicMusicError
from symbolic_music.score import Score
from symbolic_music.training.arranger import Lead, arrange, arrangeable, read_lead, sheet
from symbolic_music.training.licences import OWN, OWN_LICENCE

#: Share of a style's pieces that are over a lead sheet, where lead sheets in its meter are at hand.
LED = 0.3
#: Of a hundred pieces made by rule, so many go to validation, and as many to test.
HELD = 2


@dataclass(frozen=True)
class Tune:
    """A lead sheet with the row of its list and the split of its melody."""

    lead: Lead
    row: dict[str, str]
    split: str


@dataclass(frozen=True)
class Order:
    """One piece to arrange."""

    style: str
    number: int
    split: str
    tune: Tune | None = None

    @property
    def path(self) -> str:
        """A name in the place of a path."""
        return f"arranged/{self.style}-{self.number:05d}"


def tunes(corpus: Path, splits: Mapping[str, str]) -> list[Tune]:
    """The lead sheets of a corpus that can be arranged; none where it has no `leadsheets/leadsheets.csv`.

    Parameters
    ----------
    corpus : Path
    splits : mapping of str to str
        The split of a melody by its path, so that a tune is never learned and measured too.
    """
    table = corpus / "leadsheets" / "leadsheets.csv"
    if not table.is_file():
        return []
    found = []
    with table.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                found.append(Tune(read_lead(corpus / row["file"]), row, splits.get(row["midi"], "train")))
            except SymbolicMusicError:  # no chords, or a change of meter: its melody alone is in the corpus
                continue
    return found


def orders(corpus: Path, each: int, splits: Mapping[str, str]) -> list[Order]:
    """What to arrange: `each` pieces in every style."""
    if not each:
        return []
    known = tunes(corpus, splits)
    found = []
    for style in arrangeable():
        fits = [t for t in known if t.lead.fits(sheet(style).genre.meter)]
        for number in range(each):
            digest = hashlib.sha256(f"{style} {number}".encode()).digest()
            place = digest[0] % 100
            split = "validation" if place < HELD else "test" if place < 2 * HELD else "train"
            led = [t for t in fits if t.split == split] if digest[1] < 256 * LED else []
            tune = led[int.from_bytes(digest[2:6], "big") % len(led)] if led else None
            found.append(Order(style, number, split, tune))
    return found


def arranged(order: Order) -> Score:
    """The piece of an order; the same order gives the same piece."""
    seed = int.from_bytes(hashlib.sha256(order.path.encode()).digest()[:8], "big")
    lead = order.tune.lead if order.tune else None
    return arrange(order.style, lead=lead, rng=np.random.default_rng(seed)).score


def order_row(order: Order) -> dict[str, str]:
    """What `pieces.csv` says of an arranged piece: ours, or the tune's own licence and credit."""
    row = {"path": order.path, "source": "arranger", "upstream": "", "upstream_commit": "", "upstream_path": ""}
    if order.tune is None:
        return row | {
            "title": f"{order.style} {order.number}", "composer": "", "licence": OWN_LICENCE, "attribution": OWN,
        }  # fmt: skip
    said = order.tune.row
    return row | {
        "title": f"{said['title']}, {order.style}", "composer": said["authors"], "licence": said["licence"],
        "attribution": f"{said['upstream']}; arranged by the {OWN}",
        **{key: said[key] for key in ("upstream", "upstream_commit", "upstream_path")},
    }  # fmt: skip
