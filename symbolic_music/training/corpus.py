"""The corpus as ids: reads, cleans and analyses every piece of a manifest, writes memory-mapped shards.

    data/
      train-000.bin …       ids, uint16, one piece after the other
      validation-000.bin  test-000.bin
      pieces.csv            a row a piece: split, shard, offset, ids, notes, bars, genre, licence, credit …
      skipped.csv           the pieces left out, each with its reason

Run as ``symbolic-music corpus build DIR -o data``.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from symbolic_music.errors import FileError, SymbolicMusicError
from symbolic_music.files.read_midi import load
from symbolic_music.score import Score
from symbolic_music.theory.genres import genre, table
from symbolic_music.tokens.layout import control_ids, write
from symbolic_music.training import licences
from symbolic_music.training.analysis import analysed, meter_check, rebarred
from symbolic_music.training.duplicates import Fingerprint, fingerprint, keep, near_duplicates
from symbolic_music.training.groove_takes import OURS
from symbolic_music.training.orders import Order, arranged, order_row, orders
from symbolic_music.training.sources.manifest import read as read_manifest
from symbolic_music.training.sources.scale import mapped
from symbolic_music.training.splits import SPLITS, splits

#: Ids a shard holds at most, but for a last piece.
SHARD = 1 << 24
#: Words of a title or style that say more than the manifest's genre; the first that fits counts.
_TITLES = (
    (r"mazur|kujawiak|oberek", "mazurka"), (r"wal[ct]z|valse|walc", "waltz"), (r"polk[ai]\b", "polka"),
    (r"marsz|march|marsch", "march"), (r"\brag(time)?\b", "ragtime"), (r"\btango", "tango"), (r"\bboogie", "boogie"),
)  # fmt: skip


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
        style = OURS.get(style, style)
        return table()[style].name if style in table() else "drums"
    if row["genre"] in {"dance", "piano", "pop", "march", "classical"}:
        for words, name in _TITLES:
            if re.search(words, f"{row['title']} {row['style']}".lower()):
                return name
    return genre(row["genre"]).name if row["genre"] else ""


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
    score = rebarred(score, meter_check(score))  # an upbeat that a converter wrote as a whole bar
    score = replace(analysed(score), tempo=tempo, tempos=(), keys=(), genre=genre_of(row))
    sounding = np.searchsorted(score.bar_starts, score.notes["start"], side="right") - 1
    score = score.cut(int(sounding.min()), int(sounding.max()) + 1)
    if score.bars < 2:
        raise ValueError("fewer than 2 bars")
    if len(score.notes) < 24:
        raise ValueError("fewer than 24 notes")
    return score


@dataclass(frozen=True, eq=False)
class Prepared:
    """A piece on its way into a shard."""

    ids: NDArray[np.uint16]
    notes: int
    bars: int
    genre: str
    print: Fingerprint | None = None


def encoded(score: Score, path: str = "") -> Prepared:
    """A score as ids under the controls that concern all of it; with a fingerprint where it has a path."""
    controls = control_ids(genre=score.genre, live=score.live, tempo=score.tempo)
    ids = write(score, controls).astype(np.uint16)
    return Prepared(ids, len(score.notes), score.bars, score.genre, fingerprint(score, path) if path else None)


def _prepared(folder: Path, row: dict[str, str]) -> Prepared | str:
    """A row of the manifest, or the reason why it is left out."""
    try:
        return encoded(clean(load(folder / row["path"]), row), row["path"])
    except (SymbolicMusicError, ValueError) as error:
        reason = error.what if isinstance(error, SymbolicMusicError) else str(error)
        return reason.split(": ")[-1]


def _ordered(order: Order) -> Prepared:
    return encoded(arranged(order))


def unlike(prints: Sequence[Fingerprint]) -> tuple[list[list[int]], dict[int, str]]:
    """Groups of near-duplicates, and of those that need not stay, by position: the path of one that does."""
    groups = near_duplicates(prints)
    gone: dict[int, str] = {}
    for group in groups:
        stay = keep([prints[i] for i in group])
        for i in group:
            if prints[i] not in stay:
                gone[i] = max(stay, key=prints[i].inside).path
    return groups, gone


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


def build(
    corpus: Path,
    out: Path,
    *,
    only: Sequence[str] = (),
    each: int = 0,
    workers: int = 0,
    scheduler: str = "",
) -> Counter[str]:
    """Read a corpus, write its shards.

    Parameters
    ----------
    corpus : Path
        A folder with a manifest.csv; lead sheets in `leadsheets` are arranged too.
    out : Path
        Where shards, pieces.csv and skipped.csv go.
    only : sequence of str
        Names of sources; all if empty.
    each : int
        Pieces that are arranged in every style.
    workers, scheduler
        As in `sources.scale.mapped`; the shards are the same for any.

    Returns
    -------
    Counter
        Pieces, notes and ids by split, and pieces that were left out by reason.

    Raises
    ------
    FileError
        If the folder has no manifest, or a piece has no licence that lets anyone train on it.
    """
    rows = read_manifest(corpus, only)
    read = mapped(partial(_prepared, corpus.resolve()), rows, workers=workers, scheduler=scheduler)
    found = list(tqdm(read, "corpus", len(rows), unit="piece", disable=None))
    skipped = [{"path": row["path"], "reason": f} for row, f in zip(rows, found, strict=True) if isinstance(f, str)]
    reasons = Counter(f for f in found if isinstance(f, str))
    heard = [(row, f) for row, f in zip(rows, found, strict=True) if isinstance(f, Prepared)]
    if not heard:
        raise FileError(f"{corpus}: no piece can be read", hint=f"the first reason: {next(iter(reasons), 'none')}")
    groups, gone = unlike([f.print for _, f in heard if f.print])
    split = splits([row for row, _ in heard], groups)
    skipped += [{"path": heard[i][0]["path"], "reason": f"near-duplicate of {path}"} for i, path in gone.items()]
    reasons["near-duplicate"] = len(gone)
    asked = orders(corpus, each, {row["path"]: s for (row, _), s in zip(heard, split, strict=True)})
    made = mapped(_ordered, asked, workers=workers, scheduler=scheduler)
    made = tqdm(made, "arranged", len(asked), unit="piece", disable=None)
    real = ((row, piece, split[i]) for i, (row, piece) in enumerate(heard) if i not in gone)
    ours = ((order_row(order), piece, order.split) for order, piece in zip(asked, made, strict=True))
    licences.check([*(row for row, _ in heard), *map(order_row, asked)], str(out / "pieces.csv"))
    counts = write_shards(out, chain(real, ours), skipped)
    counts.update({f"skipped: {reason}": count for reason, count in reasons.items()})
    return counts


def write_shards(
    out: Path, found: Iterable[tuple[dict[str, str], Prepared, str]], skipped: list[dict[str, str]]
) -> Counter[str]:
    """Write pieces, each with its row of a manifest and its split, to the shards of a folder.

    Returns
    -------
    Counter
        Pieces, notes and ids by split.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*-[0-9][0-9][0-9].bin"):
        old.unlink()
    writer = _Writer(out)
    for row, piece, split in found:
        writer.add(row, piece, split)
    _write_csv(out / "pieces.csv", [asdict(p) for p in writer.kept], ())
    _write_csv(out / "skipped.csv", skipped, ("path", "reason"))
    return writer.counts


class _Writer:
    """Puts pieces into the shards of their splits, and remembers where."""

    def __init__(self, out: Path) -> None:
        self.shards = {split: _Shards(out, split) for split in SPLITS}
        self.kept: list[Piece] = []
        self.counts = Counter[str]()

    def add(self, row: dict[str, str], piece: Prepared, split: str) -> None:
        shard, offset = self.shards[split].append(piece.ids)
        self.counts.update({split: 1, f"{split} notes": piece.notes, f"{split} ids": len(piece.ids)})
        self.kept.append(
            Piece(
                path=row["path"], split=split, shard=shard, offset=offset, ids=len(piece.ids), notes=piece.notes,
                bars=piece.bars, genre=piece.genre, source=row["source"], title=row["title"],
                composer=row["composer"], licence=row["licence"], attribution=row["attribution"],
                upstream=_upstream(row),
            )
        )  # fmt: skip


def _upstream(row: dict[str, str]) -> str:
    if not row["upstream"]:
        return ""
    return f"https://github.com/{row['upstream']}@{row['upstream_commit']} {row['upstream_path']}"


def _write_csv(path: Path, rows: list[dict[str, Any]], names: Iterable[str]) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else list(names))
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def pieces(folder: Path) -> list[Piece]:
    """The rows of `pieces.csv`."""
    numbers = {"shard", "offset", "ids", "notes", "bars"}
    if not (folder / "pieces.csv").is_file():
        raise FileError(
            f"no pieces.csv in {folder}", hint="build a corpus there: symbolic-music corpus build DIR -o DATA"
        )
    with (folder / "pieces.csv").open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        row.update({name: int(row[name]) for name in numbers})
    return [Piece(**row) for row in rows]
