"""The composer: a brief in, a piece out."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_music.brief import Brief
from symbolic_music.engine.base import MAX_BATCH, Engine
from symbolic_music.engine.generate import Row, generate
from symbolic_music.engine.sampling import Sampling, Trace, ranked
from symbolic_music.errors import BriefError, WeightsError, nearest
from symbolic_music.piece import Piece
from symbolic_music.prompt import read
from symbolic_music.rules import Limits, Rule, compiled, rule, rules_of
from symbolic_music.rules.harmony import asked
from symbolic_music.score import Part, swung
from symbolic_music.theory.chords import Chord
from symbolic_music.theory.instruments import of_program
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter
from symbolic_music.tokens import layout
from symbolic_music.tokens.vocabulary import Kind, vocabulary
from symbolic_music.version import __version__

#: What can be asked by name.
WISHES = (
    "genre", "moods", "tempo", "key", "scale", "only", "instruments", "parts", "bars", "seconds", "meter", "rules",
    "loop",
)  # fmt: skip

#: The share of major keys among those suggested.
MAJOR = 0.6


def controls(
    brief: Brief,
    learned: Mapping[str, Any] | None = None,
    rng: np.random.Generator | None = None,
    limits: Limits | None = None,
) -> list[int]:
    """The control tokens that a brief says to the model.

    Parameters
    ----------
    brief : Brief
    learned : mapping, optional
        What the weights know: under "genres" the genres they learned (another is said as the one it is most like),
        under "drums" those of drums alone, under "live" those that they know from players too. Live playing is asked
        for there, and elsewhere left open: asked of a genre known from scores alone it brings what else was live.
    rng : numpy Generator, optional
        Draws the key that is suggested to the model where none is asked; without it none is.
    limits : Limits, optional
        What the rules leave: the model is told of it, too, in its own words.

    Examples
    --------
    >>> [vocabulary().tokens[i] for i in controls(Brief(genre="samba", instruments=["piano"]), {"genres": ["jazz"]})]
    ['BOS_None', 'Genre_jazz', 'Tempo_100', 'TimeSig_2/4', 'Bars_16', 'Density_4', 'Uses_0']
    """
    full, mood, learned = brief.filled(), brief.mood, learned or {}
    said = limits or Limits(full.parts, (full.meter or Meter(),) * (full.bars or 1))
    classes = full.pitch_classes & said.classes
    drums = all(part.is_drums for part in full.parts)
    known = learned.get("drums" if drums else "genres", ())
    asked = (full.genre.name, full.genre.like) if full.genre else ()
    genre = next((name for name in asked if name in known), "")
    key = full.home
    if key is None and rng is not None:
        key = suggested_key(classes & said.harmony or classes, mood.mode if mood else None, rng)
    return layout.control_ids(
        genre=genre,
        live=True if drums or genre in learned.get("live", ()) else None,
        key=key,
        tempo=full.tempo,
        meter=full.meter,
        bars=2 * (full.bars or 1) if full.loop else full.bars,  # a loop is told that more follows
        density=(1 + 0.5 * (mood.arousal if mood else 0)) * sum(said.crowded(map(notes_a_quarter, full.parts))),
        velocity=said.loudness if mood is None else mood.velocity,
        has=classes if len(classes) < 12 else (),
        uses=full.parts,
    )


def notes_a_quarter(part: Part) -> float:
    """Notes a quarter note that a part usually plays: a keyboard or a drummer more than a single line.

    >>> notes_a_quarter(Part(0)), notes_a_quarter(Part(40))
    (3.2, 1.1)
    """
    if part.is_drums:
        return 2.5
    voices = of_program(part.program).voices
    return 3.2 if voices > 6 else 1.5 if voices > 2 else 1.1


def suggested_key(classes: frozenset[int], mode: str | None, rng: np.random.Generator) -> Key:
    """A key to keep to where none is asked, so that a piece does not wander: no rule comes of it.

    Parameters
    ----------
    classes : frozenset of int
        The pitch classes that may be used: the key holds as many of them as any does, its tonic and triad first.
    mode : str or None
        "major" or "minor", if the mood says so.
    rng : numpy Generator
        Draws among equals.

    Examples
    --------
    >>> str(suggested_key(frozenset({9, 11, 1, 6, 7}), None, np.random.default_rng(0)))
    'F# minor'
    """

    def fit(key: Key) -> int:
        triad = Chord(key.root, key.mode[:3]).pitch_classes
        return 4 * (key.root in classes) + 2 * len(triad & classes) + len(key.pitch_classes & classes)

    if mode is None and len(classes) == 12:
        mode = "major" if rng.random() < MAJOR else "minor"
    keys = [Key.of(tonic, m) for tonic in range(12) for m in ("major", "minor") if mode in (None, m)]
    best = max(map(fit, keys))
    equal = [key for key in keys if fit(key) == best]
    return equal[int(rng.integers(len(equal)))]


class Composer:
    """Composes with an engine; by default the shipped weights under ONNX Runtime.

    Parameters
    ----------
    engine : Engine, optional
    sampling : Sampling, optional

    Raises
    ------
    WeightsError
        If the engine's weights are for another vocabulary.

    Examples
    --------
    >>> composer = Composer()
    >>> pieces = composer.batch([Brief(instruments=["piano"], bars=2)] * 2, seeds=[1, 2])
    >>> [piece.score.bars for piece in pieces]
    [2, 2]
    """

    def __init__(self, engine: Engine | None = None, *, sampling: Sampling | None = None) -> None:
        if engine is None:
            from symbolic_music.engine.onnx import shipped

            engine = shipped()
        if engine.vocabulary_size != len(vocabulary()):
            raise WeightsError(
                f"weights for {engine.vocabulary_size} tokens",
                hint=f"this version has {len(vocabulary())}; retrain them",
            )
        self.engine, self.sampling = engine, sampling or Sampling()

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, *, sampling: Sampling | None = None, device: str | None = None
    ) -> Composer:
        """A composer with the weights of a folder.

        Parameters
        ----------
        folder : str or Path
            With `model.onnx`, as training, tuning and this package write it, or with `model.safetensors` alone, as
            Transformers writes a Llama model.
        sampling : Sampling, optional
        device : str, optional
            Such as "cuda": computes with PyTorch there, from `model.safetensors`.

        Raises
        ------
        WeightsError
            If there are no weights in the folder, or they are for another vocabulary.

        Examples
        --------
        >>> from symbolic_music.resources import resource
        >>> composer = Composer.from_pretrained(resource("weights"))
        >>> composer.compose(Brief(instruments=["flute"], bars=2)).score.bars
        2
        """
        folder = Path(folder)
        if device is None and ((folder / "model.onnx").is_file() or not (folder / "model.safetensors").is_file()):
            from symbolic_music.engine.onnx import OnnxEngine

            return cls(OnnxEngine(folder), sampling=sampling)
        from symbolic_music.engine.torch import TorchEngine

        return cls(TorchEngine(folder, device=device or "cpu"), sampling=sampling)

    def compose(
        self,
        brief: Brief,
        *,
        seed: int = 0,
        best_of: int = 1,
        rules: Sequence[Rule | str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Piece:
        """Compose one piece.

        Parameters
        ----------
        brief : Brief
        seed : int
            The same seed, brief, weights and version give the same bytes.
        best_of : int
            Compose so many, 3 to 16, and keep the one that `sampling.ranked` puts first.
        rules : sequence of Rule or str
            Limits beyond the brief's.
        progress : callable, optional
            Called with the number of the candidate, 0 if there is but one, and of the bar that begins.

        Raises
        ------
        BriefError
            If the wishes cannot all hold; nothing has been generated then.
        """
        rules = _read(rules)
        if best_of == 1:
            return self.batch([brief], seeds=[seed], rules=rules, progress=progress)[0]
        if not 3 <= best_of <= MAX_BATCH:
            raise BriefError(f"the best of {best_of}", hint=f"3 to {MAX_BATCH}, or 1")
        seeds: list[Any] = [[_seed(seed), number] for number in range(best_of)]
        rows = self._rows([brief] * best_of, seeds, rules, traced=True)
        written = generate(self.engine, rows, self.sampling, progress=progress)
        best = ranked([row.trace for row in rows if row.trace])[0]
        piece = self._piece(brief, _seed(seed), written[best], rules)
        return replace(piece, receipt={**piece.receipt, "best of": best_of})

    def batch(
        self,
        briefs: Sequence[Brief],
        *,
        seeds: Sequence[int],
        rules: Sequence[Rule | str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Piece]:
        """Compose up to 16 pieces, a seed for each, as many at once as the engine has threads.

        Each is the piece that `compose` makes of its brief and seed, to the byte. `progress` is called with a piece's
        number by the thread that writes it.
        """
        rules = _read(rules)
        if not 1 <= len(briefs) == len(seeds) <= MAX_BATCH:
            raise BriefError(f"{len(briefs)} briefs and {len(seeds)} seeds", hint=f"1 to {MAX_BATCH}, as many of each")
        rows = self._rows(briefs, [_seed(seed) for seed in seeds], rules)
        written = generate(self.engine, rows, self.sampling, progress=progress)
        return [
            self._piece(brief, _seed(seed), ids, rules) for brief, seed, ids in zip(briefs, seeds, written, strict=True)
        ]

    def _rows(
        self, briefs: Sequence[Brief], seeds: Sequence[Any], rules: Sequence[Rule], *, traced: bool = False
    ) -> list[Row]:
        v, learned = vocabulary(), getattr(self.engine, "config", {})
        rows = []
        for brief, seed in zip(briefs, seeds, strict=True):
            rng, matcher = np.random.default_rng(seed), compiled(brief, rules)
            trace = Trace() if traced else None
            told = controls(brief, learned, rng, matcher.limits)
            rows.append(Row(told, matcher, rng, v.id(Kind.BAR), trace))
        return rows

    def _piece(self, brief: Brief, seed: int, ids: list[int], rules: Sequence[Rule]) -> Piece:
        full = brief.filled()
        receipt: dict[str, Any] = {
            "made by": f"symbolic_music {__version__}",
            "engine": type(self.engine).__name__,
            "seed": seed,
            "sampling": asdict(self.sampling),
            "brief": json.loads(brief.to_json()),
            "rules": [rule.name for rule in (*rules_of(brief), *rules)],
        }
        if weights := getattr(self.engine, "fingerprint", ""):
            receipt["weights"] = weights
        score = replace(layout.read(ids), tempo=full.tempo, key=full.home, genre=full.genre.name if full.genre else "")
        score = replace(score, chords=asked(score, (*rules_of(brief), *rules)))
        offsets = swung(score.notes, score.meters, full.genre.feel, full.genre.swing) if full.genre else None
        return Piece(score, brief, receipt, offsets, tuple(rules))


def compose(
    words: str = "",
    *,
    seed: int = 0,
    best_of: int = 1,
    engine: Engine | None = None,
    sampling: Sampling | None = None,
    rules: Sequence[Rule | str] = (),
    **wishes: Any,
) -> Piece:
    """Compose a piece from words, from wishes by name, or both; a wish by name wins.

    Parameters
    ----------
    words : str
        "a folk song that only uses A, B, C#, F# and G".
    seed : int
        Another seed, another piece.
    best_of : int
        Compose so many, 3 to 16, and keep the one that `sampling.ranked` puts first.
    engine : Engine, optional
    sampling : Sampling, optional
    rules : sequence of Rule or str
        Limits beyond the brief's.
    **wishes
        The fields of `Brief`: genre, moods, tempo, key, scale, only, instruments, bars, seconds, meter, rules,
        loop.

    Raises
    ------
    BriefError
        If something is not understood in an unmistakable place, or the wishes cannot all hold. Other words that were
        not understood are a row of the report.

    Examples
    --------
    >>> compose("a waltz in D minor for violin and piano", bars=4).score.bars
    4
    """
    brief = brief_of(words, **wishes)
    return Composer(engine, sampling=sampling).compose(brief, seed=seed, best_of=best_of, rules=rules)


def brief_of(words: str = "", **wishes: Any) -> Brief:
    """The brief of words and wishes by name, which win; rules add up.

    >>> brief_of("a piano piece, 2 minutes", bars=8).bars
    8
    """
    if unknown := sorted(set(wishes) - set(WISHES)):
        raise BriefError(f"unknown wish {unknown[0]!r}", hint=nearest(unknown[0], WISHES))
    if not words.strip():
        if not wishes:
            raise BriefError("an empty prompt", hint="say at least a genre, such as 'a folk song'")
        return Brief(**wishes)
    # a length by name takes the place of one in words
    for one, other in (("bars", "seconds"), ("seconds", "bars")):
        if wishes.get(one) is not None:
            wishes.setdefault(other, None)
    home = wishes.get("key") or wishes.get("scale")
    brief = read(words, key=home).brief
    if "rules" in wishes:
        wishes["rules"] = (*brief.rules, *wishes["rules"])
    return brief.replace(**wishes)


def _read(rules: Iterable[Rule | str]) -> tuple[Rule, ...]:
    return tuple(rule(one) if isinstance(one, str) else one for one in ([rules] if isinstance(rules, str) else rules))


def _seed(seed: int) -> int:
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise BriefError(f"seed {seed!r}", hint="a whole number from 0")
    return number
