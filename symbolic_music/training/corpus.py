"""The corpus as ids: reads, cleans and analyses every piece of a manifest, writes memory-mapped shards.

    data/
      train-000.bin …       ids, uint16, one piece after the other
      validation-000.bin  test-000.bin
      pieces.csv            a row a piece: split, shard, offset, ids, notes, bars, genre, licence, credit …
      skipped.csv           the pieces left out, each with its reason

Run as ``python -m symbolic_music.training.corpus DIR -o data``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from symbolic_music.errors import SymbolicMusicError
from symbolic_music.files.read_midi import load
from symbolic_music.score import Score
from symbolic_music.theory.genres import table
from symbolic_music.tokens.layout import control_ids, write
from symbolic_music.training.analysis import analysed

SPLITS = ("train", "validation", "test")
#: Ids a shard holds at most, but for a last piece.
SHARD = 1 << 24
#: Words of a title or style that say more than the manifest's genre; the first that fits counts.
_TITLES = (
    (r"mazur|kujawiak|oberek|mazurek", "mazurka"), (r"wal[ct]z|valse|walc", "waltz"), (r"polk[ai]\b", "polka"),
    (r"marsz|march|marsch", "march"), (r"\brag(time)?\b", "ragtime"), (r"\btango", "tango"), (r"\bboogie", "boogie"),
)  # fmt: skip
#: Groove's styles by our names.
_GROOVE = {
    "hiphop": "hip-hop",
    "neworleans": "new-orleans",
    "afrocuban": "afro-cuban",
    "middleeastern": "middle-eastern",
}


@dataclass(frozen=True)
class Piece:
    """A row of `pieces.csv`."""

    path: str
    split: str
    shard: int
    offset: int
    ids: int
    notes: int
    bars: int
    genre: str
    source: str
    title: str
    composer: str
    licence: str
    attribution: str
    upstream: str


def genre_of(row: dict[str, str]) -> str:
    """The genre token of a manifest row.

    >>> genre_of({"source": "groove", "genre": "drums", "style": "funk/groove1, beat", "title": ""})
    'funk'
    >>> genre_of({"source": "polish", "genre": "dance", "style": "", "title": "Mazurek C-dur"})
    'mazurka'
    """
    if row["source"] == "groove":
        style = re.split(r"[/,-]", row["style"])[0].strip()
        style = _GROOVE.get(style, style)
        return table()[style].name if style in table() else "drums"
    if row["genre"] in {"dance", "piano", "pop", "march", "classical"}:
        for words, genre in _TITLES:
            if re.search(words, f"{row['title']} {row['style']}".lower()):
                return genre
    return table()[row["genre"]].name


def split_of(row: dict[str, str]) -> str:
    """The split of a piece: by the hash of its work, so that movements and versions stay together.

    >>> len({split_of({"composer": "Anon", "title": f"Air: {n}. Allegro"}) for n in range(9)})
    1
    """
    work = row["composer"] + "|" + re.split(r"[:,(]|\b[Nn]o\b|\d", row["title"])[0].strip().lower()
    return {0: "validation", 1: "test"}.get(int(hashlib.sha256(work.encode()).hexdigest(), 16) % 40, "train")


def clean(score: Score, row: dict[str, str]) -> Score:
    """The score with what the manifest knows, silent bars cut off both ends.

    Raises
    ------
    ValueError
        If too little is left.
    """
    tempo = float(row["tempo_bpm"]) if row["tempo_bpm"] else None
    drums = np.array([p.is_drums for p in score.parts])[score.notes["part"]]
    keyboard = (score.notes["pitch"] >= 21) & (score.notes["pitch"] <= 108)  # below: percussion on pitched tracks
    score = replace(score, notes=score.notes[drums | keyboard])
    if not len(score.notes):
        raise ValueError("no notes")
    score = replace(analysed(score), tempo=tempo, genre=genre_of(row))
    sounding = np.searchsorted(score.bar_starts, score.notes["start"], side="right") - 1
    score = score.cut(int(sounding.min()), int(sounding.max()) + 1)
    if score.bars < 2:
        raise ValueError("fewer than 2 bars")
    if len(score.notes) < 24:
        raise ValueError("fewer than 24 notes")
    return score


def _pieces(folder: Path) -> Iterator[tuple[dict[str, str], Score | str]]:
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in tqdm(rows, desc="corpus", unit="piece", disable=None):
        try:
            yield row, clean(load(folder / row["path"]), row)
        except (SymbolicMusicError, ValueError) as error:
            reason = error.what if isinstance(error, SymbolicMusicError) else str(error)
            yield row, reason.split(": ")[-1]


class _Shards:
    """Appends pieces to the shards of one split."""

    def __init__(self, folder: Path, split: str) -> None:
        self.folder, self.split, self.number, self.size = folder, split, 0, 0

    def append(self, ids: NDArray[np.uint16]) -> tuple[int, int]:
        if self.size > SHARD:
            self.number, self.size = self.number + 1, 0
        with shard_path(self.folder, self.split, self.number).open("ab" if self.size else "wb") as file:
            file.write(ids.tobytes())
        self.size += len(ids)
        return self.number, self.size - len(ids)


def shard_path(folder: Path, split: str, number: int) -> Path:
    """The path of a shard."""
    return folder / f"{split}-{number:03d}.bin"


def build(corpus: Path, out: Path) -> Counter[str]:
    """Read `corpus` (a folder with a manifest.csv), write `out`; counts pieces by split and skips by reason."""
    out.mkdir(parents=True, exist_ok=True)
    shards = {split: _Shards(out, split) for split in SPLITS}
    kept, skipped, counts = [], [], Counter[str]()
    for row, score in _pieces(corpus):
        if isinstance(score, str):
            skipped.append({"path": row["path"], "reason": score})
            counts[f"skipped: {score}"] += 1
            continue
        split = split_of(row)
        controls = control_ids(genre=score.genre, live=score.live, tempo=score.tempo)
        ids = write(score, controls).astype(np.uint16)
        shard, offset = shards[split].append(ids)
        counts[split] += 1
        counts[f"{split} notes"] += len(score.notes)
        counts[f"{split} ids"] += len(ids)
        kept.append(
            Piece(
                path=row["path"], split=split, shard=shard, offset=offset, ids=len(ids), notes=len(score.notes),
                bars=score.bars, genre=score.genre, source=row["source"], title=row["title"],
                composer=row["composer"], licence=row["licence"], attribution=row["attribution"],
                upstream=f"https://github.com/{row['upstream']}@{row['upstream_commit']} {row['upstream_path']}",
            )
        )  # fmt: skip
    for name, rows in (("pieces.csv", [asdict(p) for p in kept]), ("skipped.csv", skipped)):
        with (out / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0] if rows else ["path", "reason"])
            writer.writeheader()
            writer.writerows(rows)
    return counts


def pieces(folder: Path) -> list[Piece]:
    """The rows of `pieces.csv`."""
    numbers = {"shard", "offset", "ids", "notes", "bars"}
    with (folder / "pieces.csv").open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        row.update({name: int(row[name]) for name in numbers})
    return [Piece(**row) for row in rows]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path, help="a folder with manifest.csv")
    parser.add_argument("-o", "--out", type=Path, default=Path("data"))
    args = parser.parse_args()
    for name, count in sorted(build(args.corpus, args.out).items()):
        print(f"{count:>12,}  {name}")


if __name__ == "__main__":
    main()
