"""The options of the command that say what is written, and how: MIDI, notation, sound."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic_music.errors import BriefError

if TYPE_CHECKING:
    from symbolic_music.files.export import Export
    from symbolic_music.piece import Piece

PIECE = ".mid, .musicxml, .mxl, .pdf, .png, .wav, .flac, .ogg or .mp3"
SOUND = ".wav, .flac, .ogg or .mp3"
_MIDI = ("type", "resolution", "chords", "swing", "humanise", "kit", "copyright")
_SOUND = ("soundfont", "synth", "finish", "reverb", "loudness", "depth", "rate", "fade", "loop")


def say(text: str) -> None:
    """A line for who watches, beside what the command prints."""
    sys.stderr.write(f"{text}\n")


@contextmanager
def progress(total: float, unit: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, nothing in a pipe; what is yielded takes how much is done."""
    from tqdm import tqdm

    layout = None if unit else "{l_bar}{bar}| {elapsed}"
    with tqdm(total=total, unit=unit, leave=False, disable=None, bar_format=layout) as bar:

        def show(done: float) -> None:
            bar.update(done - bar.n)

        yield show


def add_arguments(parser: argparse.ArgumentParser, default: str | None, endings: str = PIECE) -> None:
    """The options of a command that writes a piece, or sound alone."""
    tail = f"; {default} if none is given" if default else ""
    parser.add_argument(
        "-o", "--output", action="append", metavar="FILE", required=default is None,
        help=f"{endings}; may be repeated{tail}",
    )  # fmt: skip
    stems = "also a file for each part, in a folder such as 'song stems' beside each MIDI and sound file"
    parser.add_argument("--stems", action="store_true", help=stems)
    if endings == PIECE:
        midi = parser.add_argument_group("how it is played (MIDI and sound)")
        text = "of a pair of eighths, 0.5 straight to 0.75 (default the genre's)"
        midi.add_argument("--swing", type=float, metavar="SHARE", help=text)
        text = "how much timing and loudness vary, 0 to 1 (default 0)"
        midi.add_argument("--humanise", "--humanize", type=float, metavar="X", help=text)
        midi.add_argument("--kit", metavar="NAME", help="a drum kit, such as jazz or brush (default the genre's)")
        text = "write chord names into MIDI as text or lyrics; either way also as symbols into notation"
        midi.add_argument("--chords", metavar="KIND", help=text)
        midi.add_argument("--type", type=int, metavar="N", help="1, or 0 for MIDI in one track (default 1)")
        midi.add_argument("--resolution", type=int, metavar="TICKS", help="a quarter note (default 480)")
        midi.add_argument("--copyright", metavar="TEXT", help="a notice in the MIDI")
    sound = parser.add_argument_group("sound")
    text = "by name or path, see `symbolic-music soundfonts` (default SYMBOLIC_MUSIC_SOUNDFONT, or the first found)"
    sound.add_argument("--soundfont", metavar="NAME", help=text)
    text = "for one track, such as 'flute=fluidr3#Flute' or 'drums=#128:8'; may be repeated"
    sound.add_argument("--sound", dest="sounds", action="append", metavar="TRACK=FONT#PRESET", help=text)
    text = "of the whole, -60 to -5, or spotify, youtube (-14), apple (-16), broadcast (-23), none (default -14)"
    sound.add_argument("--loudness", metavar="LUFS", help=text)
    text = "plain, classical, acoustic, band, electronic, cinematic or a genre (default the piece's, else plain)"
    sound.add_argument("--finish", metavar="NAME", help=text)
    text = "dry, room, chamber, hall, cathedral or plate (default the finish's)"
    sound.add_argument("--reverb", metavar="NAME", help=text)
    sound.add_argument("--depth", type=int, metavar="BITS", help="16, 24 or, for .wav, 32 (default 16)")
    sound.add_argument("--rate", type=int, metavar="HZ", help="sample rate (default 44100)")
    sound.add_argument("--fade", type=float, metavar="S", help="seconds that fade out at the end (default 0)")
    sound.add_argument(
        "--loop", action="store_true", default=None, help="as long as the bars, to repeat without a seam"
    )
    sound.add_argument("--synth", metavar="NAME", help="fluidsynth, or preview, which needs no system library")


def export_of(args: argparse.Namespace, usual: Export | None = None) -> Export:
    """The MIDI options; what was not given is as in `usual`."""
    from symbolic_music.files.export import Export

    given: dict[str, Any] = {name: getattr(args, name, None) for name in _MIDI}
    chosen: dict[str, Any] = {"seed": getattr(args, "seed", 0)} | {
        name: value for name, value in given.items() if value is not None
    }
    return replace(usual or Export(), **chosen)


def sound_of(args: argparse.Namespace) -> dict[str, Any]:
    """The fields of a `Sound` that were given, checked before any work."""
    from symbolic_music.audio import Sound, find
    from symbolic_music.audio.presets import preset

    given = {name: getattr(args, name) for name in _SOUND if getattr(args, name) is not None}
    sounds = {}
    for text in args.sounds or ():
        track, equals, what = text.partition("=")
        if not equals or not track.strip() or not what.strip():
            raise BriefError(f"a sound {text!r}", hint="write it as TRACK=FONT#PRESET, such as 'flute=fluidr3#Flute'")
        sounds[track.strip()] = what.strip()
        font, _, name = what.strip().partition("#")
        if name:
            preset(find(font or args.soundfont), name)
    Sound(**given, sounds=sounds)
    find(args.soundfont)
    return given | {"sounds": sounds}


def checked(args: argparse.Namespace, default: str = "song.mid") -> list[Path]:
    """The paths to write a piece to; they and all options are checked before any work."""
    from symbolic_music.audio import Sound
    from symbolic_music.piece import AUDIO, checked

    outputs = [checked(path) for path in args.output or [default]]
    export_of(args)
    sounding = [path.suffix for path in outputs if path.suffix.lower() in AUDIO]
    if sounding:
        sound = Sound(**sound_of(args))
        for ending in sounding:
            sound.suits(ending)
    return outputs


def preview(args: argparse.Namespace) -> None:
    """Says so where the sound is one."""
    if args.synth == "preview":
        say("preview     simpler than FluidSynth: no reverb, no chorus, its own levels")


def write(piece: Piece, outputs: list[Path], args: argparse.Namespace) -> int:
    """Writes a piece to all outputs; 3 where a program for sound or print is missing."""
    from symbolic_music.errors import EngraverError, SynthesizerError
    from symbolic_music.piece import AUDIO, write_all

    status, written = 0, list[str]()
    sound = sound_of(args) if any(path.suffix.lower() in AUDIO for path in outputs) else {}
    if sound:
        preview(args)
    try:
        with progress(1.0, "") as show:
            made = write_all(
                piece, outputs, stems=args.stems, export=export_of(args, piece.export), progress=show, **sound
            )
            written.extend(f"{path}{f'  {loudness}' if loudness else ''}" for path, loudness in made)
    except (EngraverError, SynthesizerError) as error:
        say(f"symbolic-music: {error}")
        status = error.exit_status
    finally:
        for line in written:
            say(f"wrote       {line}")
    return status
