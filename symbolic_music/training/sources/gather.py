"""Sources into a corpus folder: fetched, converted, listed in its manifest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from symbolic_music.errors import FileError
from symbolic_music.training.sources import manifest
from symbolic_music.training.sources.convert import convert, unsupported
from symbolic_music.training.sources.fetch import fetch, same, taken
from symbolic_music.training.sources.known import known
from symbolic_music.training.sources.manifest import Row
from symbolic_music.training.sources.registry import Source
from symbolic_music.training.sources.scale import mapped

#: Where in a corpus folder the repositories lie, and the pieces.
CHECKOUTS, PIECES = "upstream", "midi"


@dataclass(frozen=True)
class Original:
    """A file of a source in its checkout.

    Attributes
    ----------
    source : Source
        At the commit that the file is taken from.
    checkout : Path
    upstream_path : str
        Within the checkout.
    blob : str
        Git's hash of it.
    path : str
        Where its MIDI file goes, within the corpus folder.
    known : Row
        What is known of it beforehand; may be empty.
    """

    source: Source
    checkout: Path
    upstream_path: str
    blob: str
    path: str
    known: Row


def gather(
    folder: Path,
    chosen: Sequence[Source],
    *,
    workers: int = 0,
    scheduler: str = "",
    say: Callable[[str], None] = print,
) -> None:
    """Add sources to a corpus folder; those that its manifest already lists are left as they are.

    The manifest is written after each source, so what was done stays done where this is interrupted.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    chosen : sequence of Source
    workers, scheduler
        As in `mapped`, for the conversion.
    say : callable
        Told what is done and what is left out.

    Raises
    ------
    SymbolicMusicError
        If a source cannot be fetched.
    FileError
        If a file is not the one that git or the list of known pieces names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = manifest.read(folder) if (folder / manifest.NAME).is_file() else []
    for source in chosen:
        if any(row["source"] == source.name for row in rows):
            say(f"{source.name}: already in {folder / manifest.NAME}")
            continue
        if reason := unsupported(source.formats):
            say(f"{source.name}: left out, {reason}")
            continue
        originals = found(source, folder)
        results = mapped(partial(added, folder), originals, workers=workers, scheduler=scheduler)
        new, reasons = [], Counter[str]()
        for result in tqdm(results, desc=source.name, total=len(originals), unit="piece", disable=None):
            if isinstance(result, str):
                reasons[result] += 1
            else:
                new.append(result)
        rows += new
        manifest.write(folder, rows)
        left = "".join(f"; {count} left out: {reason}" for reason, count in reasons.most_common(3))
        say(f"{source.name}: {len(new)} pieces{left}")


def found(source: Source, folder: Path) -> list[Original]:
    """The files to take from a source, fetched: the known ones, or all where none is known.

    Raises
    ------
    FileError
        If a known file is not there.
    """
    pieces = known().get(source.name, {})
    originals, names = [], Counter[str]()
    for commit in dict.fromkeys([source.commit, *(commit for commit, _ in pieces)]):
        version = replace(source, commit=commit)
        checkout = fetch(version, folder / CHECKOUTS)
        blobs = taken(version, checkout)
        for path in [p for c, p in pieces if c == commit] if pieces else blobs:
            if path not in blobs:
                raise FileError(
                    f"{source.name}: {source.url} at {commit[:12]} has no {path}",
                    hint="paths and exclude in sources.toml have to let it through",
                )
            row = pieces.get((commit, path), {})
            name = re.sub(r"[^a-z0-9]+", "-", path.rsplit(".", 1)[0].lower()).strip("-")
            names[name] += 1
            own = f"{PIECES}/{source.name}/{name}{f'-{names[name]}' if names[name] > 1 else ''}.mid"
            originals.append(Original(version, checkout, path, blobs[path], row.get("path", own), row))
    return originals


def added(folder: Path, original: Original) -> Row | str:
    """Convert one file; its row, or why it is left out."""
    source, upstream_path = original.source, original.upstream_path
    same(original.checkout / upstream_path, original.blob)
    out = folder / original.path
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        said = convert(original.checkout / upstream_path, source, out)
    except FileError as error:
        return error.what.split(": ")[-1]
    row = {
        "path": original.path,
        "source": source.name,
        "title": Path(upstream_path).stem.replace("_", " "),
        "genre": source.genre,
        "licence": source.licence,
        "attribution": source.credit,
        **manifest.described(folder, original.path),
        **{name: value for name, value in said.items() if value or name in ("key", "tempo_bpm")},
        **{name: value for name, value in original.known.items() if name != "sha256"},
        "upstream": source.upstream,
        "upstream_commit": source.commit,
        "upstream_path": upstream_path,
    }
    stated = original.known.get("sha256", "")
    if stated and stated != row["sha256"]:
        raise FileError(
            f"{original.checkout / upstream_path} is not the piece that is known: its SHA-256 is {row['sha256'][:12]}, "
            f"not {stated[:12]}",
            hint="leave the source out, or look for the copy that the commit names",
        )
    return row
