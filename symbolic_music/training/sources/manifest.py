"""The manifest of a corpus folder: a row for each piece, with where it comes from and under which licence."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from symbolic_music.errors import FileError, nearest
from symbolic_music.files.paths import replacing
from symbolic_music.theory.keys import Key
from symbolic_music.training.licences import check
from symbolic_music.training.sources.scale import mapped

NAME = "manifest.csv"
COLUMNS = (
    "path", "source", "title", "composer", "year", "genre", "style", "key", "tempo_bpm", "time_signature", "n_bars",
    "n_tracks", "programs", "has_drums", "n_notes", "licence", "attribution", "upstream", "upstream_commit",
    "upstream_path", "sha256",
)  # fmt: skip
#: Those that a corpus cannot be built without.
NEEDED = (
    "path", "source", "title", "composer", "genre", "style", "tempo_bpm", "licence", "attribution", "upstream",
    "upstream_commit", "upstream_path", "sha256",
)  # fmt: skip

Row = dict[str, str]


def read(folder: Path, only: Sequence[str] = ()) -> list[Row]:
    """The rows of a corpus folder, all under licences that allow training.

    Parameters
    ----------
    folder : Path
        With a manifest.csv.
    only : sequence of str
        The sources wanted; all where empty.

    Raises
    ------
    FileError
        Naming file, row and column: if there is no manifest or nothing in it, a column or a value is missing, a
        licence is not allowed, or no piece comes from a source that is wanted.
    """
    file = folder / NAME
    if not folder.is_dir():
        raise FileError(f"no folder {folder}", hint="give a folder with a manifest.csv, or --fetch to fill a new one")
    if not file.is_file():
        hint = "give a folder with one, or --fetch to gather the sources into this one"
        raise FileError(f"{folder} holds no {NAME}", hint=hint)
    with file.open(newline="", encoding="utf-8-sig") as lines:
        table = csv.DictReader(lines, restval="")
        if missing := [name for name in NEEDED if name not in (table.fieldnames or ())]:
            hint = f"row 1 has to name {', '.join(NEEDED)}"
            raise FileError(f"{file} has no column {' and no column '.join(missing)}", hint=hint)
        rows = list(table)
    if not rows:
        raise FileError(f"{file} lists no pieces", hint="add a row for each, or --fetch to gather the sources")
    for number, row in enumerate(rows, 2):
        for name in ("path", "source", "genre", "sha256"):
            if not row[name]:
                raise FileError(f"{file} row {number}, {row['path']}: no {name}", hint=f"fill in the column {name}")
    check(rows, str(file))
    known = dict.fromkeys(row["source"] for row in rows)
    for name in only:
        if name not in known:
            raise FileError(f"{file} has no pieces of a source {name!r}", hint=nearest(name, known))
    return [row for row in rows if not only or row["source"] in only]


def write(folder: Path, rows: Iterable[Row]) -> None:
    """Write the manifest of a folder, whole or not at all."""
    with replacing(folder / NAME, (".csv",)) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def digest(folder: Path, path: str) -> str:
    """The SHA-256 of a file in a folder, empty where there is none."""
    file = folder / path
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def verify(folder: Path, rows: Sequence[Row], *, workers: int = 0, scheduler: str = "") -> None:
    """Compare every file with the SHA-256 that its row states.

    Raises
    ------
    FileError
        Naming the first files that are missing or changed.
    """
    found = mapped(partial(digest, folder), [r["path"] for r in rows], workers=workers, scheduler=scheduler, chunk=512)
    wrong = [
        f"{row['path']} is {'changed' if sha256 else 'missing'}"
        for row, sha256 in zip(rows, found, strict=True)
        if sha256 != row["sha256"]
    ]
    if wrong:
        named = ", ".join(wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        raise FileError(
            f"{len(wrong)} of {len(rows)} files are not those of {folder / NAME}: {named}",
            hint="bring them back, or take their rows out",
        )


def described(folder: Path, path: str) -> Row:
    """What a MIDI file says for the columns of its row from "key" to "n_notes", and its hash.

    Tempo, metre and key are the first in the file, each empty where it states none; a key of C major alone is taken
    for a default. Bars are counted from the time signatures, in 4/4 before the first.
    """
    from symusic.core import ScoreTick

    score = ScoreTick.from_file(str(folder / path))
    tracks = [track for track in score.tracks if len(track.notes)]
    keys = sorted(score.key_signatures, key=lambda k: k.time)
    tempos = sorted(score.tempos, key=lambda t: t.time)
    meters = sorted({t.time: (t.numerator, t.denominator) for t in score.time_signatures}.items())
    key = (
        Key.of(7 * keys[0].key + (9 if keys[0].tonality else 0), "minor" if keys[0].tonality else "major")
        if keys
        else ""
    )
    edges = meters if meters and meters[0][0] == 0 else [(0, (4, 4)), *meters]
    end = max(int((notes["time"] + notes["duration"]).max()) for notes in (track.notes.numpy() for track in tracks))
    bars = 0
    for (start, (beats, unit)), stop in zip(edges, [*(time for time, _ in edges[1:]), end], strict=True):
        bars += -(-max(min(stop, end) - start, 0) * unit // (4 * score.tpq * beats))
    return {
        "key": "" if str(key) == "C major" else str(key),
        "tempo_bpm": f"{round(tempos[0].qpm, 3):g}" if tempos else "",
        "time_signature": "{}/{}".format(*meters[0][1]) if meters else "",
        "n_bars": str(bars),
        "n_tracks": str(len(tracks)),
        "programs": " ".join("D" if track.is_drum else str(track.program) for track in tracks),
        "has_drums": str(int(any(track.is_drum for track in tracks))),
        "n_notes": str(sum(len(track.notes) for track in tracks)),
        "sha256": digest(folder, path),
    }
