"""A piece: a score, the brief it was written for, and the way into files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from symbolic_music.audio.write import ENDINGS
from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError, EngraverError, FileError, SymbolicMusicError, SynthesizerError
from symbolic_music.files import engrave, musicxml, paths, read_midi, write_midi
from symbolic_music.files.channels import listing
from symbolic_music.files.export import Export
from symbolic_music.score import Score

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from symbolic_music.audio import Loudness
    from symbolic_music.report import Report
    from symbolic_music.rules import Rule

MIDI, MUSICXML, PAGES, AUDIO = write_midi.SUFFIXES, musicxml.SUFFIXES, engrave.SUFFIXES, tuple(ENDINGS)


EXCERPT = 60  # seconds that a notebook plays: a minute takes 1.4 MB of it


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
    export : Export
        How it is played unless a call says otherwise: of a loaded file, its drum kit and copyright.
    """

    score: Score
    brief: Brief = field(default_factory=Brief)
    receipt: dict[str, Any] = field(default_factory=dict)
    offsets: NDArray[np.float32] | None = None
    rules: tuple[Rule, ...] = ()
    export: Export = field(default_factory=Export)

    @property
    def title(self) -> str:
        """The title that files carry: the words asked, the title in the receipt, or the genre."""
        return self.brief.text or self.receipt.get("title") or (f"{self.brief.genre}" if self.brief.genre else "")

    @cached_property
    def midi(self) -> bytes:
        """The piece as a Standard MIDI File of type 1."""
        return self.played()

    def played(self, export: Export | None = None) -> bytes:
        """The piece as a Standard MIDI File, as `export` says; its receipt says so, too."""
        export = export or self.export
        return write_midi.midi_bytes(
            self.score, title=self.title, receipt=self._made(export), offsets=self.offsets, export=export
        )

    def _made(self, export: Export) -> str:
        played = asdict(export) | ({} if export.humanise else {"seed": 0})
        changed = {name: value for name, value in played.items() if value != getattr(Export(), name)}
        if "made by" not in self.receipt:
            return ""
        return json.dumps(self.receipt | ({"export": changed} if changed else {}))

    @cached_property
    def report(self) -> Report:
        """What was asked against what the MIDI file holds, read by pretty_midi, mido and music21."""
        from symbolic_music.report import report

        return report(self.brief, self.midi, self.rules, defaults="rules" in self.receipt)

    def save(self, path: str | Path, export: Export | None = None, **options: Any) -> Path:
        """Write the piece as MIDI (.mid), MusicXML (.musicxml, .mxl) or printed music (.pdf, .png).

        Notation is what is meant, not how it is played: without swing and humanising.

        Parameters
        ----------
        path : str or Path
            Several pages of PNG are numbered: song-1.png, song-2.png.
        export : Export, optional
        **options
            Its fields, where `export` is not given, such as ``humanise=0.5`` or ``chords="lyrics"``. Chords are
            written as symbols in notation.

        Raises
        ------
        BriefError
            If an option is out of its range.
        EngraverError
            If music is to be printed and neither MuseScore nor LilyPond is installed.
        FileError
            If the ending is another, or the place cannot be written; nothing is left behind.

        Examples
        --------
        >>> import tempfile, symbolic_music as sm
        >>> piece = sm.compose(instruments=["flute"], bars=2, seed=1)
        >>> piece.save(tempfile.mkdtemp() + "/song.mid", humanise=0.3).name
        'song.mid'
        """
        if export and options:
            raise BriefError("an export and its fields at once", hint=f"put {', '.join(options)} into the Export")
        export = export or replace(self.export, **options)
        path = paths.checked(path, MIDI + MUSICXML + PAGES)
        if path.suffix.lower() in MIDI:
            made = self._made(export)
            return write_midi.save_midi(
                self.score, path, title=self.title, receipt=made, offsets=self.offsets, export=export
            )
        if path.suffix.lower() in PAGES:
            return self.pages(path, export)[0]
        return musicxml.save_musicxml(self.score, path, **self._printed(export))

    def pages(self, path: str | Path, export: Export | None = None) -> tuple[Path, ...]:
        """Print the piece as .pdf or .png, as `save` does; all files, of which a long PNG has one for each page."""
        return engrave.engrave(musicxml.musicxml_bytes(self.score, **self._printed(export or self.export)), path)

    def _printed(self, export: Export) -> dict[str, Any]:
        """What is printed beside the notes."""
        arranged = "style" in self.receipt  # then the chords are those that were played
        composer = "symbolic_music" if "made by" in self.receipt else ""
        return {"title": self.title, "composer": composer, "symbols": arranged or bool(export.chords)}

    def render(
        self,
        path: str | Path,
        export: Export | None = None,
        *,
        progress: Callable[[float], None] | None = None,
        **sound: Any,
    ) -> Loudness:
        """Write the piece as sound (.wav, .flac, .ogg, .mp3).

        Parameters
        ----------
        path : str or Path
        export : Export, optional
            How it is played.
        progress : callable, optional
            Called with the part that is done, from 0.0 to 1.0.
        **sound
            The fields of `audio.Sound`, such as ``loudness="apple"``; its finish is that of the genre by default.

        Returns
        -------
        Loudness
            Measured in the file written.

        Raises
        ------
        SymbolicMusicError
            As in `audio.render`.
        """
        from symbolic_music.audio import render

        return render(self._heard(export), path, progress=progress, **self._finished(sound, export))

    def stems(
        self,
        folder: str | Path,
        ending: str = ".mid",
        export: Export | None = None,
        *,
        progress: Callable[[float], None] | None = None,
        **sound: Any,
    ) -> list[Path]:
        """Write a file for each part that plays, as MIDI or as sound, all as long as the piece.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.
        ending : str
            ".mid", ".wav", ".flac", ".ogg" or ".mp3".
        export, progress, **sound
            As in `render`. Sound stems have the finish's equalisation and reverb and one gain, so they add up to the
            piece before its compressor and limiter.

        Returns
        -------
        list of Path
            In score order.

        Raises
        ------
        FileError
            If the folder cannot be made or written, or the ending is another.

        Examples
        --------
        >>> import tempfile, symbolic_music as sm
        >>> piece = sm.compose(instruments=["flute", "piano"], bars=2, seed=1)
        >>> [path.name for path in piece.stems(tempfile.mkdtemp())]
        ['01 flute.mid', '02 acoustic grand piano.mid']
        """
        if ending.lower() in AUDIO:
            from symbolic_music.audio import render_stems

            return render_stems(self._heard(export), folder, ending, progress=progress, **self._finished(sound, export))
        if ending.lower() not in MIDI:
            raise FileError(f"stems as {ending!r}", hint=f"{', '.join(MIDI[:1] + AUDIO)} work")
        export = export or self.export
        made = write_midi.stems(
            self.score, title=self.title, receipt=self._made(export), offsets=self.offsets, export=export
        )
        place, written = paths.folder(folder), []
        for name, content in made:
            with paths.replacing(place / f"{name}{ending}", MIDI) as part:
                part.write_bytes(content)
            written.append(place / f"{name}{ending}")
        return written

    def _heard(self, export: Export | None) -> bytes:
        return self.played(export) if export else self.midi

    def _finished(self, sound: dict[str, Any], export: Export | None) -> dict[str, Any]:
        """The choices of a sound, with the finish of the genre unless another is asked, and with tags."""
        genre = self.brief.genre.name if self.brief.genre else self.score.genre
        tags = {"title": self.title, "copyright": (export or self.export).copyright}
        return {"finish": genre or "plain"} | tags | sound

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the piano roll with matplotlib, see `plot.roll`."""
        from symbolic_music.plot import roll

        return roll(self.score, ax=ax, **{"title": self.title} | options)

    def _repr_html_(self) -> str:
        """What a notebook shows: the piano roll, and a player of up to the first minute."""
        from symbolic_music.plot import html

        sound, caption = self._excerpt
        return html(self.score, sound, "audio/mpeg", caption, title=self.title)

    @cached_property
    def _excerpt(self) -> tuple[bytes | None, str]:
        """The bars of the first minute as MP3: small in a saved notebook, and the same bytes each time."""
        bars = next((n for n in range(self.score.bars, 1, -1) if self.score.cut(0, n).seconds <= EXCERPT), 1)
        opening = self
        if bars < self.score.bars:
            score = self.score.cut(0, bars)
            offsets = None if self.offsets is None else self.offsets[..., : len(score.notes)]
            opening = replace(self, score=score, offsets=offsets)
        with TemporaryDirectory() as folder:
            try:
                opening.render(Path(folder) / "piece.mp3")
            except SymbolicMusicError as error:  # no synthesizer, no soundfont: the error says what to install
                return None, f"No sound: {error}"
            sound = (Path(folder) / "piece.mp3").read_bytes()
        return sound, "" if opening is self else f"The sound is that of the first {opening.score.seconds:.0f} seconds."

    def __repr__(self) -> str:
        names = ", ".join(self.score.parts[i].name for i in listing(self.score.parts))
        return f"<Piece: {self.score.bars} bars, {len(self.score.notes)} notes, {self.score.seconds:.0f} s, {names}>"


def load(path: str | Path) -> Piece:
    """A piece from a MIDI file: its notes on the grid, with its tempos, meters, keys, sections, names and title.

    Bends and pedals are left out. What was composed here and swings comes back as it is written, and is played swung.

    Raises
    ------
    FileError
        If the file is missing, broken, or holds no notes.
    """
    found = read_midi.opened(path)
    receipt = {"title": found.title} if found.title else {}
    return Piece(found.score, receipt=receipt, offsets=found.offsets, export=found.export)


def write_all(
    piece: Piece, outputs: Sequence[str | Path], *, stems: bool = False, export: Export | None = None, **rendering: Any
) -> Iterator[tuple[Path, Loudness | None]]:
    """Save or render a piece to every path by its ending, scores first.

    With `stems`, a folder such as "song stems" beside each MIDI and sound file gets one for each part. Where one file
    cannot be written the others are, and the first error is raised at the end.

    Yields
    ------
    Path, Loudness or None
        Each file as it is there, and how loud it is if it is sound.

    Raises
    ------
    EngraverError, SynthesizerError
        If a program for printed music or FluidSynth is missing. If no MIDI was asked, it is written then, unless there
        is a file of that name.
    """
    known = sorted(map(checked, outputs), key=lambda p: p.suffix.lower() in AUDIO)
    failed: list[SymbolicMusicError] = []
    for path in known:
        ending, audible = path.suffix.lower(), path.suffix.lower() in AUDIO
        try:
            if ending in PAGES:
                yield from ((page, None) for page in piece.pages(path, export))
            elif audible:
                yield path, piece.render(path, export, **rendering)
            else:
                yield piece.save(path, export), None
            if stems and (audible or ending in MIDI):
                folder = path.with_name(f"{path.stem} stems")
                yield from ((stem, None) for stem in piece.stems(folder, ending, export, **rendering))
        except SymbolicMusicError as error:
            failed.append(error)
    if failed:
        instead = known[0].with_suffix(".mid")
        missing = any(isinstance(error, EngraverError | SynthesizerError) for error in failed)
        if missing and not any(p.suffix.lower() in MIDI for p in known) and not instead.exists():
            yield piece.save(instead, export), None
        raise failed[0]


def checked(path: str | Path) -> Path:
    """A path that a piece can be written to, by its ending and its folder.

    Raises
    ------
    FileError
        If it is not.
    """
    return paths.checked(path, MIDI + MUSICXML + PAGES + AUDIO)
