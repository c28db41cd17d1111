"""Fine-tuning on a folder of one's own MIDI files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from symbolic_music.errors import SymbolicMusicError, TrainingError
from symbolic_music.files.read_midi import load
from symbolic_music.resources import resource
from symbolic_music.score import Score
from symbolic_music.theory.genres import genre as genre_named
from symbolic_music.training.bits import bits_per_note, validation_rows
from symbolic_music.training.corpus import Prepared, clean, encoded, write_shards
from symbolic_music.training.recipe import Recipe

#: The least music to tune on, in minutes; `docs/benchmarks/tune.py` says how much it helps.
LEAST = 5.0
#: Bars of an excerpt of what is held out.
_EXCERPT = 16
#: The share of the music that is held out, to see whether tuning helps.
HELD = 0.15
#: How often the music is gone through, transposed anew each time; what is kept is the best of so many rounds.
ROUNDS = 6


@dataclass(frozen=True)
class Tuned:
    """What tuning did.

    Attributes
    ----------
    pieces, minutes
        The music that was read.
    skipped : dict of str to str
        The reason why a file was left out, by its path.
    before, after : float
        Bits per note on what was held out of it.
    """

    pieces: int
    minutes: float
    skipped: dict[str, str]
    before: float
    after: float


def _row(folder: Path, path: Path, genre: str, score: Score) -> dict[str, str]:
    row = dict.fromkeys(("style", "composer", "licence", "attribution", "upstream"), "")
    named = {"path": str(path.relative_to(folder)), "title": path.stem, "genre": genre, "source": "own"}
    return row | named | {"tempo_bpm": f"{score.main_tempo:g}" if score.main_tempo else ""}


def gathered(folder: Path, genre: str = "") -> tuple[list[tuple[dict[str, str], Score]], dict[str, str]]:
    """The MIDI files of a folder, cleaned and analysed, and those left out with their reasons.

    Raises
    ------
    TrainingError
        If there is no such folder, or it holds less than `LEAST` minutes of music that can be read.
    """
    if not folder.is_dir():
        raise TrainingError(f"no folder {folder}", hint="give a folder of MIDI files")
    name = genre_named(genre).name if genre else ""
    found: list[tuple[dict[str, str], Score]] = []
    skipped: dict[str, str] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".mid", ".midi"}):
        try:
            score = load(path)
            row = _row(folder, path, name, score)
            found.append((row, clean(score, row)))
        except (SymbolicMusicError, ValueError) as error:
            skipped[str(path.relative_to(folder))] = error.what if isinstance(error, SymbolicMusicError) else str(error)
    minutes = sum(score.seconds for _, score in found) / 60
    if minutes < LEAST:
        broken = f"; {len(skipped)} could not be read, {next(iter(skipped.values()))}" if skipped else ""
        raise TrainingError(
            f"{folder} holds {minutes:.1f} minutes of music in {len(found)} MIDI files{broken}",
            hint=f"at least {LEAST:g} minutes are needed",
        )
    return found, skipped


def divided(
    found: list[tuple[dict[str, str], Score]], rng: np.random.Generator
) -> Iterator[tuple[dict[str, str], Prepared, str]]:
    """The pieces with their splits: whole pieces are held out, or the last bars of each where there are few."""
    if len(found) >= 1 / HELD:
        order = rng.permutation(len(found))
        held, seconds, wanted = set[int](), 0.0, HELD * sum(s.seconds for _, s in found)
        for i in order:
            if seconds >= wanted:
                break
            held.add(int(i))
            seconds += found[i][1].seconds
        for i, (row, score) in enumerate(found):
            if i not in held:
                yield row, encoded(score), "train"
                continue
            for bar in range(0, score.bars, _EXCERPT):  # bits are counted over openings, here of every few bars
                if len((cut := score.cut(bar, min(bar + _EXCERPT, score.bars))).notes):
                    yield row, encoded(cut), "validation"
        return
    for row, score in found:
        edge = max(1, round(score.bars * (1 - HELD)))
        yield row, encoded(score.cut(0, edge)), "train"
        if edge < score.bars and len((last := score.cut(edge, score.bars)).notes):
            yield row, encoded(last), "validation"


def tune(
    folder: Path,
    out: Path,
    *,
    start: Path | None = None,
    genre: str = "",
    rounds: int = ROUNDS,
    lr: float = 1e-4,
    seed: int = 0,
    device: str = "auto",
) -> Tuned:
    """Go on training with one's own music, and write weights that `Composer.from_pretrained` loads.

    Parameters
    ----------
    folder : Path
        MIDI files, subfolders included.
    out : Path
        Where the weights go; until they are there the run lies in `out/run`, and the same call takes it up.
    start : Path, optional
        The weights to begin with; the shipped ones by default.
    genre : str
        The genre that the music is called by, if any.
    rounds : int
        How often the music is gone through.
    lr : float
        The highest learning rate.
    seed : int
    device : str
        "auto", "cpu" or "cuda".

    Raises
    ------
    TrainingError
        If there is too little music, if what is held out of it does not become any likelier, or if there is no GPU
        where one is asked for.
    BriefError
        If the genre is unknown.
    """
    from symbolic_music.training.export import export, pretrained
    from symbolic_music.training.train import accelerator, train

    start = start or resource("weights")
    accelerator(device)  # refuse before anything is read
    found, skipped = gathered(folder, genre)
    data, run = out / "run" / "data", out / "run"
    rng = np.random.default_rng(seed)
    left_out = [{"path": path, "reason": reason} for path, reason in skipped.items()]
    counts = write_shards(data, divided(found, rng), left_out)
    batch = 4096
    a_round = max(2, counts["train ids"] // batch)
    recipe = Recipe(
        tokens=rounds * a_round * batch, batch=batch, lr=lr, warmup=0.1, optimizer="adamw", arranged=1.0, seed=seed
    )
    before = bits_per_note(pretrained(start), validation_rows(data, recipe.length))
    after = train(data, run, recipe, start=start, device=device, best_every=a_round).best
    if after >= before:
        shutil.rmtree(run)
        raise TrainingError(
            f"tuning on {folder} does not help: {before:.2f} bits a note before, {after:.2f} after",
            hint="more music, or music that is more alike",
        )
    tuned = Tuned(len(found), sum(s.seconds for _, s in found) / 60, skipped, before, after)
    export(run, data, out, base=start, tuned=asdict(tuned))
    shutil.rmtree(run)  # another folder of music, or more of it, begins anew
    return tuned
