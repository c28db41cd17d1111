"""A piece: a score, the brief it was written for, and the way into files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic_music.audio.write import ENDINGS
from symbolic_music.brief import Brief
from symbolic_music.errors import SynthesizerError
from symbolic_music.files import musicxml, paths, read_midi, write_midi
from symbolic_music.score import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from symbolic_music.audio import Loudness
    from symbolic_music.report import Report
    from symbolic_music.rules import Rule

MIDI, MUSICXML, AUDIO = write_midi.SUFFIXES, musicxml.SUFFIXES, tuple(ENDINGS)


@dataclass(frozen=True, eq=False)
class Piece:
    """Music that can be saved, rendered and checked.

    Attributes
    ----------
    score : Score
    brief : Brief
        What was asked; empty for a piece that was loaded.
    receipt : dict
        How the piece was made: version, weights, seed, sampling, brief and rules.
    offsets : array of float32, shape [notes] or [2, notes], optional
        How many ticks each note of the score is played late, early where negative; or how late it begins and ends.
    rules : tuple of Rule
        Limits that were given beside the brief.
    """

    score: Score
    brief: Brief = field(default_factory=Brief)
    receipt: dict[str, Any] = field(default_factory=dict)
    offsets: NDArray[np.float32] | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def title(self) -> str:
        """The title that files carry: the words asked, the title in the receipt, or the genre."""
        return self.brief.text or self.receipt.get("title") or (f"{self.brief.genre}" if self.brief.genre else "")

    @cached_property
    def midi(self) -> bytes:
        """The piece as a Standard MIDI File of type 1."""
        return write_midi.midi_bytes(self.score, title=self.title, receipt=self._made, offsets=self.offsets)

    @property
    def _made(self) -> str:
        return json.dumps(self.receipt) if self.receipt else ""

    @cached_property
    def report(self) -> Report:
        """What was asked against what the MIDI file holds, read by pretty_midi, mido and music21."""
        from symbolic_music.report import report

        return report(self.brief, self.midi, self.rules, defaults="rules" in self.receipt)

    def save(self, path: str | Path) -> Path:
        """Write the piece as .mid or .musicxml.

        Raises
        ------
        FileError
            If the ending is another, or the place cannot be written; nothing is left behind.

        Examples
        --------
        >>> import tempfile, symbolic_music as sm
        >>> piece = sm.compose(instruments=["flute"], bars=2, seed=1)
        >>> piece.save(tempfile.mkdtemp() + "/song.mid").name
        'song.mid'
        """
        path = paths.checked(path, MIDI + MUSICXML)
        if path.suffix.lower() in MUSICXML:
            arranged = "style" in self.receipt  # then the chords are those that were played
            return musicxml.save_musicxml(self.score, path, title=self.title, symbols=arranged)
        return write_midi.save_midi(self.score, path, title=self.title, receipt=self._made, offsets=self.offsets)

    def render(
        self,
        path: str | Path,
        *,
        soundfont: str | Path | None = None,
        loudness: float | None = -14.0,
        progress: Callable[[float], None] | None = None,
    ) -> Loudness:
        """Write the piece as sound (.wav, .flac, .ogg, .mp3) through FluidSynth; see `audio.render`."""
        from symbolic_music.audio import render

        return render(self.midi, path, soundfont=soundfont, loudness=loudness, progress=progress)

    def __repr__(self) -> str:
        names = ", ".join(p.name for p in self.score.parts)
        return f"<Piece: {self.score.bars} bars, {len(self.score.notes)} notes, {self.score.seconds:.0f} s, {names}>"


def load(path: str | Path) -> Piece:
    """A piece from a MIDI file: its notes on the grid, one tempo (the one in force longest), no bends and no pedals.

    Raises
    ------
    FileError
        If the file is missing, broken, or holds no notes.
    """
    return Piece(read_midi.load(path))


def write_all(
    piece: Piece,
    outputs: Sequence[str | Path],
    *,
    wrote: Callable[[Path], object] = Path,
    **rendering: Any,
) -> None:
    """Save or render a piece to every path by its ending, scores first; `wrote` is told of each.

    Raises
    ------
    SynthesizerError
        If sound was asked and FluidSynth is missing. The MIDI is written then, beside the first sound if nowhere else.
    """
    known = sorted(map(checked, outputs), key=lambda p: p.suffix.lower() in AUDIO)
    for path in known:
        if path.suffix.lower() not in AUDIO:
            wrote(piece.save(path))
            continue
        try:
            piece.render(path, **rendering)
        except SynthesizerError:
            if not any(p.suffix.lower() in MIDI for p in known):
                wrote(piece.save(path.with_suffix(".mid")))
            raise
        wrote(path)


def checked(path: str | Path) -> Path:
    """A path that a piece can be written to, by its ending and its folder.

    Raises
    ------
    FileError
        If it is not.
    """
    return paths.checked(path, MIDI + MUSICXML + AUDIO)
