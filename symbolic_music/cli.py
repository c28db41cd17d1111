"""The command `symbolic-music`.

Exit statuses: 0 done; 1 `check` found a limit broken; 2 something asked for is wrong, nothing was written;
3 FluidSynth, or a program that prints music, is missing, and all else was written; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from symbolic_music import outputs
from symbolic_music.errors import BriefError, SymbolicMusicError
from symbolic_music.evaluation import command as evaluation
from symbolic_music.outputs import progress, say, write
from symbolic_music.training import command as training
from symbolic_music.training.sources import command as corpus
from symbolic_music.version import __version__

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
    outputs.add_arguments(compose, "song.mid")
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
    outputs.add_arguments(arrange, "song.mid")

    command("styles", "list the styles that can be asked for and arranged", "styles")

    render = command("render", "render a MIDI file as sound, as it is", "render song.mid -o song.wav --loudness apple")
    render.add_argument("file", help="a MIDI file")
    outputs.add_arguments(render, None, outputs.SOUND)

    convert = command(
        "convert",
        "write a MIDI file again: as notation, sound, or MIDI played otherwise",
        "convert song.mid -o song.pdf",
    )
    convert.add_argument("file", help="a MIDI file")
    convert.add_argument("--seed", type=int, default=0, help="of the humanising (default 0)")
    outputs.add_arguments(convert, None)

    check = command("check", "check a MIDI file against limits", '''check song.mid --only "A B C# F# G"''')
    check.add_argument("file", help="a MIDI file")
    _add_wishes(check)
    check.add_argument("--json", action="store_true", help="print the report as JSON")

    info = command("info", "say what a MIDI file holds", "info song.mid")
    info.add_argument("file", help="a MIDI file")

    corpus.add_arguments(commands)
    training.add_arguments(commands)
    evaluation.add_arguments(commands)

    fonts = command("soundfonts", "list the soundfonts that are known, or the sounds of one", "soundfonts timgm6mb")
    fonts.add_argument("font", nargs="?", help="a soundfont by name or path: lists its presets")
    return parser


def _add_wishes(parser: argparse.ArgumentParser) -> None:
    wishes = parser.add_argument_group("wishes")
    for name, kind, metavar, text in _WISHES:
        wishes.add_argument(f"--{name}", type=kind, metavar=metavar, help=text)
    text = "a limit, such as \"Leaps('fifth', tracks='melody')\"; may be repeated"
    wishes.add_argument("--rule", dest="rules", action="append", metavar="RULE", help=text)


def _wishes(args: argparse.Namespace) -> dict[str, Any]:
    names = [name for name, *_ in _WISHES] + ["rules"]
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _compose(args: argparse.Namespace) -> int:
    from symbolic_music.composer import Composer, brief_of
    from symbolic_music.engine.sampling import Sampling
    from symbolic_music.prompt import read
    from symbolic_music.rules import limits

    paths = outputs.checked(args)
    brief = brief_of(args.words, **_wishes(args), **({"loop": True} if args.loop else {}))
    if args.words:
        reading = read(args.words, key=args.key or args.scale)
        for words, meaning in reading.understood:
            say(f"understood  {words!r}: {meaning}")
        for word in reading.unknown:
            say(f"not understood  {word!r}")
    full = brief.filled()
    names = ", ".join(p.name for p in full.parts)
    assert full.meter is not None
    outputs.export_of(args).suits((full.meter,))
    say(f"composing   {full.bars} bars of {full.meter} at {full.tempo:g} BPM for {names}")
    limits(brief)  # refuse before the weights are loaded
    sampling = Sampling(args.temperature, args.top_p, args.min_p, args.typical)
    if args.weights:
        composer = Composer.from_pretrained(args.weights, sampling=sampling)
    else:
        composer = Composer(sampling=sampling)
    with progress(full.bars or 0, "bar") as show:
        piece = composer.compose(
            brief, seed=args.seed, best_of=args.best_of, progress=lambda number, bar: None if number else show(bar)
        )
    status = write(piece, paths, args)
    print(json.dumps(piece.report.to_dict(), ensure_ascii=False, indent=1) if args.json else piece.report)
    return status


def _arrange(args: argparse.Namespace) -> int:
    import numpy as np

    from symbolic_music.brief import Brief
    from symbolic_music.piece import Piece
    from symbolic_music.theory.keys import key
    from symbolic_music.training.arranger import arrange, read_lead, read_sheet, sheet

    paths = outputs.checked(args)
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
    receipt = {"made by": f"symbolic_music {__version__}", "style": str(brief.genre), "seed": args.seed, "title": title}
    piece = Piece(score, brief, receipt, made.offsets)
    say(f"arranged    {score.bars} bars of {brief.meter} at {score.tempo:g} BPM in {score.key}")
    status = write(piece, paths, args)
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


def _convert(args: argparse.Namespace) -> int:
    from symbolic_music.piece import load

    paths = outputs.checked(args)
    piece = load(args.file)
    say(f"read        {args.file}: {piece.score.bars} bars, {len(piece.score.notes)} notes")
    return write(piece, paths, args)


def _render(args: argparse.Namespace) -> int:
    from symbolic_music.audio import render, render_stems
    from symbolic_music.audio.write import ENDINGS
    from symbolic_music.files.paths import checked

    paths = [checked(path, tuple(ENDINGS)) for path in args.output]
    sound = outputs.sound_of(args)
    outputs.preview(args)
    for path in paths:
        with progress(1.0, "") as show:
            reached = render(args.file, path, progress=show, **sound)
        say(f"wrote       {path}  {reached}")
        if args.stems:
            with progress(1.0, "") as show:
                stems = render_stems(
                    args.file, path.with_name(f"{path.stem} stems"), path.suffix, progress=show, **sound
                )
            for stem in stems:
                say(f"wrote       {stem}")
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
    from symbolic_music.files.channels import listing
    from symbolic_music.files.names import track_names
    from symbolic_music.files.read_midi import load, receipt

    score = load(args.file)
    meters = ", ".join(dict.fromkeys(str(m) for m in score.meters))
    tempos = ", ".join(dict.fromkeys(f"{round(tempo, 2):g}" for _, tempo in score.tempo_map))
    tempo = f"{tempos} BPM" if tempos else "no tempo stated"
    print(f"{args.file}: {score.bars} bars of {meters}, {tempo}, {score.key or 'no key stated'}, {score.seconds:.1f} s")
    names = track_names(score)
    for i in listing(score.parts):
        mine = score.notes[score.notes["part"] == i]
        print(f"  {names[i]:<24}{len(mine):>6} notes  {mine['pitch'].min()}-{mine['pitch'].max()}")
    if made := receipt(args.file):
        print(f"  receipt: {json.dumps(made, ensure_ascii=False)}")
    return 0


def _soundfonts(args: argparse.Namespace) -> int:
    from symbolic_music.audio import find, known
    from symbolic_music.audio.presets import presets

    if args.font:
        for preset in presets(find(args.font)):
            print(preset)
        return 0
    for font in known():
        where = font.path or f"not found; {font.get}"
        print(f"{font.name:<18}{font.licence[:28]:<30}{font.size / 1e6:>7.1f} MB  {where}")
    return 0


_COMMANDS = {
    "compose": _compose, "arrange": _arrange, "styles": _styles, "convert": _convert, "render": _render,
    "check": _check, "info": _info, "soundfonts": _soundfonts, "corpus": corpus.run,
    "train": training.run, "tune": training.run, "evaluate": evaluation.run,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return _COMMANDS[args.command](args)
    except SymbolicMusicError as error:
        say(f"symbolic-music: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        say("symbolic-music: interrupted")
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
