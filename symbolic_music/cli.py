"""The command `symbolic-music`.

Exit statuses: 0 done; 1 `check` found a limit broken; 2 something asked for is wrong, nothing was written;
3 the FluidSynth library is missing, the MIDI was written but no sound; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic_music.errors import BriefError, SymbolicMusicError, SynthesizerError
from symbolic_music.evaluation import command as evaluation
from symbolic_music.training import command as training
from symbolic_music.training.sources import command as corpus
from symbolic_music.version import __version__

if TYPE_CHECKING:
    from symbolic_music.piece import Piece

#: Options of `compose` and `check` that are fields of a brief: name, type, metavar, help.
_WISHES: tuple[tuple[str, Callable[[str], Any], str, str], ...] = (
    ("genre", str, "NAME", "a genre, such as jazz; `symbolic-music styles` lists them"),
    ("moods", str, "WORDS", "mood words, such as 'calm, sad'"),
    ("tempo", float, "BPM", "quarter notes a minute, 20 to 320"),
    ("key", str, "KEY", "no note outside a key, such as 'D minor'"),
    ("scale", str, "SCALE", "no note outside a scale, such as 'E blues'"),
    ("only", str, "NOTES", "no other notes, such as 'A B C# F# G'"),
    ("instruments", str, "NAMES", "these and no other, such as 'piano, double bass, drums'"),
    ("bars", int, "N", "exactly so many bars, 1 to 512"),
    ("seconds", float, "S", "about so long, in whole bars"),
    ("meter", str, "M", "such as 6/8"),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symbolic-music",
        description="Composes multi-track MIDI from words and keeps every stated limit.",
        epilog=(__doc__ or "").split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"symbolic-music {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, example: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=f"example: symbolic-music {example}"
        )

    compose = command(
        "compose",
        "compose a piece from words",
        """compose "upbeat jazz trio in D minor, 132 bpm, 16 bars" -o song.mid""",
    )
    compose.add_argument("words", nargs="?", default="", help="what to compose; options win over words")
    compose.add_argument("--weights", metavar="FOLDER", help="compose with these, such as tuned ones")
    compose.add_argument("--seed", type=int, default=0, help="another seed, another piece (default 0)")
    compose.add_argument("--temperature", type=float, default=1.0, help="below 1 safer, above 1 wilder (default 1)")
    compose.add_argument("--top-p", type=float, default=0.98, help="share of likelihood drawn from (default 0.98)")
    text = "share of the likeliest id's likelihood that others need (default 0, any)"
    compose.add_argument("--min-p", type=float, default=0.0, metavar="SHARE", help=text)
    text = "share of likelihood that the most typical ids make up (default 1, all)"
    compose.add_argument("--typical", type=float, default=1.0, metavar="SHARE", help=text)
    compose.add_argument("--best-of", type=int, default=1, metavar="N", help="compose N, 3 to 16, keep one (default 1)")
    _add_wishes(compose)
    _add_outputs(compose, "song.mid", ".mid, .musicxml, .wav, .flac, .ogg or .mp3")
    compose.add_argument("--json", action="store_true", help="print the report as JSON")

    arrange = command(
        "arrange",
        "arrange a lead sheet, or a tune made by rule, in a style",
        "arrange sheet.musicxml --style bossa-nova -o song.mid",
    )
    arrange.add_argument("sheet", nargs="?", help="MusicXML with a melody and chord symbols; left out: made by rule")
    text = "a style (see `symbolic-music styles`), or a style sheet of your own, such as mine.toml"
    arrange.add_argument("--style", required=True, metavar="NAME", help=text)
    arrange.add_argument("--key", metavar="KEY", help="such as 'D minor'; left out: the sheet's, or one of the style's")
    arrange.add_argument("--tempo", type=float, metavar="BPM", help="quarter notes a minute, 20 to 320")
    arrange.add_argument("--seed", type=int, default=0, help="another seed, another piece (default 0)")
    _add_outputs(arrange, "song.mid", ".mid, .musicxml, .wav, .flac, .ogg or .mp3")

    command("styles", "list the styles that can be asked for and arranged", "styles")

    render = command("render", "render a MIDI file as sound", "render song.mid -o song.wav --loudness -16")
    render.add_argument("file", help="a MIDI file")
    _add_outputs(render, None, ".wav, .flac, .ogg or .mp3")

    check = command("check", "check a MIDI file against limits", '''check song.mid --only "A B C# F# G"''')
    check.add_argument("file", help="a MIDI file")
    _add_wishes(check)
    check.add_argument("--json", action="store_true", help="print the report as JSON")

    info = command("info", "say what a MIDI file holds", "info song.mid")
    info.add_argument("file", help="a MIDI file")

    corpus.add_arguments(commands)
    training.add_arguments(commands)
    evaluation.add_arguments(commands)

    command("soundfonts", "list the soundfonts that are known and where they are", "soundfonts")
    return parser


def _add_wishes(parser: argparse.ArgumentParser) -> None:
    wishes = parser.add_argument_group("wishes")
    for name, kind, metavar, text in _WISHES:
        wishes.add_argument(f"--{name}", type=kind, metavar=metavar, help=text)
    text = "a limit, such as \"Leaps('fifth', tracks='melody')\"; may be repeated"
    wishes.add_argument("--rule", dest="rules", action="append", metavar="RULE", help=text)


def _add_outputs(parser: argparse.ArgumentParser, default: str | None, endings: str) -> None:
    tail = f"; {default} if none is given" if default else ""
    parser.add_argument(
        "-o",
        "--output",
        action="append",
        metavar="FILE",
        required=default is None,
        help=f"{endings}; may be repeated{tail}",
    )
    parser.add_argument(
        "--soundfont", metavar="NAME", help="a soundfont by name or path; see `symbolic-music soundfonts`"
    )
    parser.add_argument(
        "--loudness", type=float, default=-14.0, metavar="LUFS", help="integrated loudness (default -14)"
    )


def _wishes(args: argparse.Namespace) -> dict[str, Any]:
    names = [name for name, *_ in _WISHES] + ["rules"]
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _compose(args: argparse.Namespace) -> int:
    from symbolic_music.audio import find
    from symbolic_music.composer import Composer, brief_of
    from symbolic_music.engine.sampling import Sampling
    from symbolic_music.piece import AUDIO, checked
    from symbolic_music.prompt import read
    from symbolic_music.rules import limits

    outputs = [checked(path) for path in args.output or ["song.mid"]]
    if any(path.suffix.lower() in AUDIO for path in outputs):
        find(args.soundfont)
    brief = brief_of(args.words, **_wishes(args))
    if args.words:
        reading = read(args.words, key=args.key or args.scale)
        for words, meaning in reading.understood:
            _say(f"understood  {words!r}: {meaning}")
        for word in reading.unknown:
            _say(f"not understood  {word!r}")
    full = brief.filled()
    names = ", ".join(p.name for p in full.parts)
    _say(f"composing   {full.bars} bars of {full.meter} at {full.tempo:g} BPM for {names}")
    limits(brief)  # refuse before the weights are loaded
    sampling = Sampling(args.temperature, args.top_p, args.min_p, args.typical)
    if args.weights:
        composer = Composer.from_pretrained(args.weights, sampling=sampling)
    else:
        composer = Composer(sampling=sampling)
    with _progress(full.bars or 0, "bar") as show:
        piece = composer.compose(
            brief, seed=args.seed, best_of=args.best_of, progress=lambda number, bar: None if number else show(bar)
        )
    status = _write(piece, outputs, args)
    print(json.dumps(piece.report.to_dict(), ensure_ascii=False, indent=1) if args.json else piece.report)
    return status


def _write(piece: Piece, outputs: list[Path], args: argparse.Namespace) -> int:
    """Writes a piece to all outputs; 3 where only the sound could not be written."""
    from symbolic_music.piece import write_all

    status, written = 0, list[Path]()
    with _progress(1.0, "") as show:
        try:
            write_all(
                piece, outputs, wrote=written.append, soundfont=args.soundfont, loudness=args.loudness, progress=show
            )
        except SynthesizerError as error:
            _say(f"symbolic-music: {error}")
            status = error.exit_status
    for path in written:
        _say(f"wrote       {path}")
    return status


def _arrange(args: argparse.Namespace) -> int:
    import numpy as np

    from symbolic_music.audio import find
    from symbolic_music.brief import Brief
    from symbolic_music.piece import AUDIO, Piece, checked
    from symbolic_music.theory.keys import key
    from symbolic_music.training.arranger import arrange, read_lead, read_sheet, sheet

    outputs = [checked(path) for path in args.output or ["song.mid"]]
    if any(path.suffix.lower() in AUDIO for path in outputs):
        find(args.soundfont)
    if args.seed < 0:
        raise BriefError(f"seed {args.seed}", hint="a whole number from 0")
    own = Path(args.style).suffix == ".toml"
    style = read_sheet(Path(args.style)) if own else sheet(args.style)
    brief = Brief(genre=style.genre, tempo=args.tempo)
    lead = read_lead(Path(args.sheet)) if args.sheet else None
    rng = np.random.default_rng(args.seed)
    made = arrange(style, key=args.key and key(args.key), tempo=brief.tempo, lead=lead, rng=rng)
    score, title = made.score, f"{lead.title}, {brief.genre}" if lead else f"{brief.genre}"
    brief = Brief(genre=style.genre, tempo=score.tempo, parts=score.parts, bars=score.bars, meter=score.meters[0])
    receipt = {"version": __version__, "style": str(brief.genre), "seed": args.seed, "title": title}
    piece = Piece(score, brief, receipt, made.offsets)
    _say(f"arranged    {score.bars} bars of {brief.meter} at {score.tempo:g} BPM in {score.key}")
    status = _write(piece, outputs, args)
    print(piece.report)
    return status


def _styles(args: argparse.Namespace) -> int:
    from symbolic_music.theory import genres
    from symbolic_music.training.arranger import arrangeable

    known = arrangeable()
    for name in genres.names():
        style = genres.genre(name)
        mark = "arranged" if name in known else ""
        print(f"{name:<15}{style.meter!s:<5}{style.tempo[1]:>4g} BPM  {mark:<9} {', '.join(style.instruments)}")
    return 0


def _render(args: argparse.Namespace) -> int:
    from symbolic_music.audio import find, render
    from symbolic_music.audio.write import ENDINGS
    from symbolic_music.files.paths import checked

    outputs = [checked(path, tuple(ENDINGS)) for path in args.output]
    find(args.soundfont)
    for path in outputs:
        with _progress(1.0, "") as show:
            reached = render(args.file, path, soundfont=args.soundfont, loudness=args.loudness, progress=show)
        _say(f"wrote       {path}  {reached.integrated:.1f} LUFS, true peak {reached.true_peak:.1f} dBTP")
    return 0


def _check(args: argparse.Namespace) -> int:
    from symbolic_music.brief import Brief
    from symbolic_music.report import check

    wishes = {name: value for name, value in _wishes(args).items() if name not in ("genre", "moods")}
    if not wishes:
        raise BriefError("nothing to check", hint="say a limit, such as --key 'D minor' or --bars 16")
    found = check(args.file, Brief(**wishes))
    print(json.dumps(found.to_dict(), ensure_ascii=False, indent=1) if args.json else found)
    return 0 if found.ok else 1


def _info(args: argparse.Namespace) -> int:
    from symbolic_music.files.read_midi import load, receipt

    score = load(args.file)
    meters = ", ".join(dict.fromkeys(str(m) for m in score.meters))
    tempo = f"{score.tempo:.6g} BPM" if score.tempo else "no tempo stated"
    print(f"{args.file}: {score.bars} bars of {meters}, {tempo}, {score.key or 'no key stated'}, {score.seconds:.1f} s")
    for i, part in enumerate(score.parts):
        mine = score.notes[score.notes["part"] == i]
        print(f"  {part.name:<24}{len(mine):>6} notes  {mine['pitch'].min()}-{mine['pitch'].max()}")
    if made := receipt(args.file):
        print(f"  receipt: {json.dumps(made, ensure_ascii=False)}")
    return 0


def _soundfonts(args: argparse.Namespace) -> int:
    from symbolic_music.audio import known

    for font in known():
        where = font.path or f"not found; {font.get}"
        print(f"{font.name:<18}{font.licence:<12}{font.size / 1e6:>7.1f} MB  {where}")
    return 0


@contextmanager
def _progress(total: float, unit: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, nothing in a pipe; what is yielded takes how much is done."""
    from tqdm import tqdm

    layout = None if unit else "{l_bar}{bar}| {elapsed}"
    with tqdm(total=total, unit=unit, leave=False, disable=None, bar_format=layout) as bar:

        def show(done: float) -> None:
            bar.update(done - bar.n)

        yield show


_COMMANDS = {
    "compose": _compose, "arrange": _arrange, "styles": _styles, "render": _render, "check": _check, "info": _info,
    "soundfonts": _soundfonts, "corpus": corpus.run,
    "train": training.run, "tune": training.run, "evaluate": evaluation.run,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return _COMMANDS[args.command](args)
    except SymbolicMusicError as error:
        _say(f"symbolic-music: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        _say("symbolic-music: interrupted")
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
