"""A file of a source as a MIDI file.

MIDI is copied as it is once it reads. MusicXML, Humdrum and MEI are converted by music21, or by Verovio where that is
installed: it is five to ten times as fast, but LGPL and so no dependency. Their notes are the same but for some
ornaments. Repeats are written once, velocities are flat, chord symbols are silent. LilyPond files are programs and are
not converted here.
"""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
import zipfile
from base64 import b64decode
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic_music.errors import FileError
from symbolic_music.files.paths import replacing
from symbolic_music.theory.instruments import DRUMS
from symbolic_music.training.sources.mus import midi_of_mus
from symbolic_music.training.sources.registry import Source

if TYPE_CHECKING:
    from symusic.core import ScoreTick

#: File endings that are converted, and the language of each as music21 names it.
NOTATION = {"mxl": "musicxml", "musicxml": "musicxml", "xml": "musicxml", "krn": "humdrum", "mei": "mei"}
COPIED = ("mid", "midi")
FORMATS = (*COPIED, "mus", *NOTATION)
VELOCITY = 90
_VOICES = 52
#: Where scores say their title and their composer.
_SAID = {
    "musicxml": {
        "title": r"<work-title>(.+?)</work-title>|<movement-title>(.+?)</movement-title>",
        "composer": r'<creator type="composer">(.+?)</creator>',
    },
    "humdrum": {"title": r"^!!!OTL[^:]*:[ \t]*(\S.*?)[ \t]*$", "composer": r"^!!!COM[^:]*:[ \t]*(\S.*?)[ \t]*$"},
    "mei": {
        "title": r"<titleStmt[^>]*>\s*<title[^>]*>(.+?)</title>",
        "composer": r"<composer[^>]*>(.+?)</composer>|<persName[^>]*role=\"composer\"[^>]*>(.+?)</persName>",
    },
}
#: How they say a tempo in numbers; where they do not, the converter's is none of theirs.
_TEMPO = re.compile(r"<per-minute>|<sound [^>]*\btempo=|^\*MM\d|\bmidi\.bpm=|\bmm=\"", re.MULTILINE)


def convert(path: Path, source: Source, out: Path) -> dict[str, str]:
    """Write a file of a source as a MIDI file.

    Parameters
    ----------
    path : Path
        A MIDI file, or one with an ending in `FORMATS`.
    source : Source
        For the errors.
    out : Path
        A MIDI file in a folder that is there.

    Returns
    -------
    dict of str to str
        What the file says of itself: "title", "composer", each empty where it does not; and empty for "key" and
        "tempo_bpm" where those of the MIDI file are not the source's own.

    Raises
    ------
    FileError
        If the format is not converted here, or the file cannot be read.
    """
    ending = path.suffix.lower().removeprefix(".")
    if reason := unsupported((ending,)):
        raise FileError(f"{path.name} of {source.name}: {reason}", hint=f"what works is {', '.join(FORMATS)}")
    try:
        if ending in COPIED:
            data, said = path.read_bytes(), {}
        elif ending == "mus":
            data, said = midi_of_mus(path.read_bytes()), {"tempo_bpm": ""}
        else:
            text = _text(path)
            data = _finished(_verovio(text) or _music21(text, NOTATION[ending]))
            said = _said(text, NOTATION[ending])
        _read(data)
    except Exception as error:  # the readers raise whatever a broken file leads them to
        raise FileError(f"{path.name} of {source.name} cannot be converted: {error}") from error
    with replacing(out, (".mid",)) as temporary:
        temporary.write_bytes(data)
    return {"title": "", "composer": "", **said}


def unsupported(formats: tuple[str, ...]) -> str:
    """Why files with some ending are not converted, or nothing.

    >>> unsupported(("mid", "mxl")), unsupported(("ly",))
    ('', 'LilyPond files are not converted here')
    """
    if "ly" in formats:
        return "LilyPond files are not converted here"
    return next((f"files ending in .{f} are not converted here" for f in formats if f not in FORMATS), "")


def _text(path: Path) -> str:
    """A score as text, out of its archive if it lies in one."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            scores = (n for n in archive.namelist() if n.endswith(("xml", "XML")) and not n.startswith("META-INF/"))
            data = archive.read(next(scores, "score.xml"))
    else:
        data = path.read_bytes()
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("neither UTF-8 nor UTF-16")


def _said(text: str, language: str) -> dict[str, str]:
    found = {}
    for name, pattern in _SAID[language].items():
        match = re.search(pattern, text, re.MULTILINE | re.DOTALL)
        words = next(filter(None, match.groups()), "") if match else ""
        found[name] = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", words)).split())
    found["key"] = ""  # the signature alone does not tell major from minor
    return found if _TEMPO.search(text) else {**found, "tempo_bpm": ""}


def _verovio(text: str) -> bytes:
    """A score as MIDI by Verovio; nothing where it is not installed."""
    try:
        verovio = import_module("verovio")
    except ImportError:
        return b""
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions({"expandNever": True})
    if not toolkit.loadData(text):
        raise ValueError("Verovio cannot read it")
    return b64decode(toolkit.renderToMIDI())


def _music21(text: str, language: str) -> bytes:
    """A score as MIDI by music21."""
    from music21 import bar, converter, harmony, instrument, repeat, spanner, tempo
    from music21.midi.translate import music21ObjectToMidiFile

    score: Any = converter.parseData(text, format=language)
    for measure in score.recurse().getElementsByClass("Measure"):
        for side in ("leftBarline", "rightBarline"):
            if isinstance(getattr(measure, side), bar.Repeat):
                setattr(measure, side, None)
    for part in score.parts:
        for label in part.getElementsByClass("MiscTandem"):  # a name in Humdrum, which music21 does not read
            if label.tandem.startswith('"') and not part.getInstrument().instrumentName:
                part.insert(0, instrument.Instrument(label.tandem[1:]))
    silent = (harmony.Harmony, repeat.RepeatMark, spanner.RepeatBracket, tempo.TempoText)
    for element in list(score.recurse()):
        guessed = isinstance(element, tempo.MetronomeMark) and element.numberImplicit  # from a word such as "Allegro"
        if guessed or isinstance(element, silent):
            element.activeSite.remove(element)
    return music21ObjectToMidiFile(score).writestr()


def _read(data: bytes) -> ScoreTick:
    from symusic.core import ScoreTick

    score = ScoreTick.from_midi(data)
    if not score.note_num():
        raise ValueError("it holds no notes")
    return score


def _finished(data: bytes) -> bytes:
    """A converted score with programs after the names of its parts, flat velocities and no empty tracks."""
    from symusic.core import NoteTickList

    score = _read(data)
    for track in [t for t in score.tracks if not len(t.notes)]:
        score.tracks.remove(track)
    for track in score.tracks:
        columns = track.notes.numpy()
        columns["velocity"][:] = VELOCITY
        track.notes = NoteTickList.from_numpy(*(columns[name] for name in ("time", "duration", "pitch", "velocity")))
        named = program_of(track.name)
        if not track.is_drum and named is not None and (track.program == 0 or named == _VOICES):
            track.program, track.is_drum = max(named, 0), named == DRUMS
    return score.dumps_midi()


@cache
def _part_names() -> tuple[tuple[int, re.Pattern[str]], ...]:
    table = tomllib.loads((Path(__file__).parent / "part_names.toml").read_text("utf-8"))
    return tuple((program, re.compile(words)) for program, words in table["names"])


def program_of(name: str) -> int | None:
    """The General MIDI program, from 0, of a part by its name, -1 for drums; None for a name that is not known.

    >>> program_of("Violoncelli"), program_of("2 Corni in F"), program_of("Śpiew."), program_of("Solo")
    (42, 60, 52, None)
    """
    plain = unicodedata.normalize("NFKD", name.lower().replace("ł", "l")).encode("ascii", "ignore").decode()
    return next((program for program, words in _part_names() if words.search(plain)), None)
