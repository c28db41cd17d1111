"""The composer: a brief in, a piece out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_music.brief import Brief
from symbolic_music.engine.base import Engine
from symbolic_music.engine.generate import Row, generate
from symbolic_music.engine.sampling import Sampling
from symbolic_music.errors import BriefError
from symbolic_music.piece import Piece, fingerprint
from symbolic_music.rules import Matcher, Rule, limits, rules_of
from symbolic_music.tokens.layout import control_ids, read
from symbolic_music.tokens.vocabulary import vocabulary
from symbolic_music.version import __version__


def controls(brief: Brief, learned: Mapping[str, Any] | None = None) -> list[int]:
    """The control tokens that a brief says to the model.

    Parameters
    ----------
    brief : Brief
    learned : mapping, optional
        What the weights know: under "genres" the genres they learned (another is said as the one it is most like),
        under "drums" those of drums alone, under "live" those that they know from players too. Live playing is asked
        for there, and elsewhere left open: asked of a genre known from scores alone it brings what else was live.

    Examples
    --------
    >>> [vocabulary().tokens[i] for i in controls(Brief(genre="samba", instruments=["piano"]), {"genres": ["jazz"]})]
    ['BOS_None', 'Genre_jazz', 'Tempo_100', 'TimeSig_2/4', 'Bars_16', 'Uses_0']
    """
    full, mood, learned = brief.filled(), brief.mood, learned or {}
    drums = all(part.is_drums for part in full.parts)
    known = learned.get("drums" if drums else "genres", ())
    asked = (full.genre.name, full.genre.like) if full.genre else ()
    genre = next((name for name in asked if name in known), "")
    key = full.key or (full.scale.key if full.scale else None)
    limited = full.pitch_classes if len(full.pitch_classes) < 12 else frozenset[int]()
    return control_ids(
        genre=genre,
        live=True if drums or genre in learned.get("live", ()) else None,
        key=key,
        tempo=full.tempo,
        meter=full.meter,
        bars=full.bars,
        density=None if mood is None else (1 + 0.5 * mood.arousal) * (0.5 + len(full.parts)),
        velocity=None if mood is None else mood.velocity,
        has=limited,
        uses=full.parts,
    )


class Composer:
    """Composes with an engine; by default the shipped weights under ONNX Runtime.

    Parameters
    ----------
    engine : Engine, optional
    sampling : Sampling, optional

    Examples
    --------
    >>> composer = Composer()
    >>> pieces = composer.batch([Brief(instruments=["piano"], bars=2)] * 2, seeds=[1, 2])
    >>> [piece.score.bars for piece in pieces]
    [2, 2]
    """

    def __init__(self, engine: Engine | None = None, *, sampling: Sampling | None = None) -> None:
        if engine is None:
            from symbolic_music.engine.onnx import OnnxEngine

            engine = OnnxEngine()
        self.engine, self.sampling = engine, sampling or Sampling()

    def compose(
        self,
        brief: Brief,
        *,
        seed: int = 0,
        rules: Sequence[Rule] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Piece:
        """Compose one piece.

        Parameters
        ----------
        brief : Brief
        seed : int
            The same seed, brief, weights and version give the same piece.
        rules : sequence of Rule
            Limits beyond the brief's.
        progress : callable, optional
            Called with 0 and the number of the bar that begins.

        Raises
        ------
        BriefError
            If the wishes cannot all hold; nothing has been generated then.
        """
        return self.batch([brief], seeds=[seed], rules=rules, progress=progress)[0]

    def batch(
        self,
        briefs: Sequence[Brief],
        *,
        seeds: Sequence[int],
        rules: Sequence[Rule] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Piece]:
        """Compose up to 16 pieces side by side, a seed for each."""
        v = vocabulary()
        learned = getattr(self.engine, "config", {})
        rows = [
            Row(controls(brief, learned), Matcher(limits(brief, rules), v), np.random.default_rng(seed))
            for brief, seed in zip(briefs, seeds, strict=True)
        ]
        written = generate(self.engine, rows, self.sampling, progress=progress)
        return [self._piece(*made, rules) for made in zip(briefs, seeds, written, strict=True)]

    def _piece(self, brief: Brief, seed: int, ids: list[int], rules: Sequence[Rule]) -> Piece:
        full = brief.filled()
        key = full.key or (full.scale.key if full.scale else None)
        receipt: dict[str, Any] = {
            "made by": f"symbolic_music {__version__}",
            "engine": type(self.engine).__name__,
            "seed": seed,
            "sampling": asdict(self.sampling),
            "brief": json.loads(brief.to_json()),
            "rules": [rule.name for rule in (*rules_of(brief), *rules)],
        }
        folder: Path | None = getattr(self.engine, "folder", None)
        if folder is not None:
            receipt["weights"] = fingerprint(folder / "model.onnx")
        score = replace(read(ids), tempo=full.tempo, key=key, genre=full.genre.name if full.genre else "")
        return Piece(score, brief, receipt)


def compose(words: str = "", *, seed: int = 0, engine: Engine | None = None, **wishes: Any) -> Piece:
    """Compose a piece from words, from wishes by name, or both; a wish by name wins.

    Parameters
    ----------
    words : str
        "a folk song that only uses A, B, C#, F# and G".
    seed : int
    engine : Engine, optional
    **wishes
        The fields of `Brief`: genre, moods, tempo, key, scale, only, instruments, bars, seconds, meter.

    Raises
    ------
    BriefError
        If something is not understood in an unmistakable place, or the wishes cannot all hold.

    Examples
    --------
    >>> compose("a waltz in D minor for violin and piano", bars=4).score.bars
    4
    """
    return Composer(engine).compose(brief_of(words, **wishes), seed=seed)


def brief_of(words: str = "", **wishes: Any) -> Brief:
    """The brief of words and wishes by name."""
    if not words:
        if not wishes:
            raise BriefError("an empty prompt", hint="say at least a genre, such as 'a folk song'")
        return Brief(**wishes)
    from symbolic_music.prompt import read as read_words

    brief = read_words(words).brief
    if "instruments" in wishes:
        wishes["parts"] = ()
    if "bars" in wishes:
        wishes["seconds"] = None
    if "seconds" in wishes:
        wishes.setdefault("bars", None)
    return brief.replace(**wishes)
