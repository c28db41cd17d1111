"""The command `symbolic-music corpus`: the sources, and a corpus made from them.

Light to import; what works is loaded when it runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from symbolic_music.errors import BriefError


def add_arguments(commands: Any) -> None:
    """Add `corpus` to the subparsers of a command line."""
    text = "list the sources of the training corpus, or build it"
    corpus = commands.add_parser("corpus", help=text, description=f"{text.capitalize()}.")
    actions = corpus.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "check a corpus folder and write its shards"
    build = actions.add_parser(
        "build",
        help=text,
        description=f"{text.capitalize()}.",
        epilog="example: symbolic-music corpus build corpus --fetch",
    )
    build.add_argument("folder", type=Path, metavar="DIR", help="with a manifest.csv, or to be filled with --fetch")
    build.add_argument("--fetch", action="store_true", help="first add the sources that the folder does not hold yet")
    build.add_argument("--source", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    build.add_argument("-o", "--out", type=Path, default=Path("data"), metavar="DIR", help="default data")
    text = "pieces to arrange in every style (default 100)"
    build.add_argument("--arranged", type=int, default=100, metavar="N", help=text)
    build.add_argument("--workers", type=int, default=0, metavar="N", help="processes beside this one (default 0)")
    build.add_argument("--scheduler", default="", metavar="URL", help="a Dask cluster, such as tcp://10.0.0.1:8786")
    text = "list the sources"
    actions.add_parser("sources", help=text, description=f"{text.capitalize()}.")


def run(args: argparse.Namespace) -> int:
    """Run `corpus` with parsed arguments; returns the exit status.

    Raises
    ------
    SymbolicMusicError
        For what is wrong with the folder, a source, a licence, git or the workers.
    """
    return _sources() if args.action == "sources" else _build(args)


def _build(args: argparse.Namespace) -> int:
    from symbolic_music.training.corpus import build
    from symbolic_music.training.sources import manifest
    from symbolic_music.training.sources.gather import gather
    from symbolic_music.training.sources.registry import source, sources

    if args.arranged < 0:
        raise BriefError(f"{args.arranged} pieces to arrange", hint="0 or more")
    engine = {"workers": args.workers, "scheduler": args.scheduler}
    if args.fetch:
        gather(args.folder, [source(name) for name in args.source] or list(sources().values()), **engine)
    rows = manifest.read(args.folder, args.source)
    manifest.verify(args.folder, rows)
    print(f"{len(rows):>12,}  files are those of {args.folder / manifest.NAME}")
    for name, count in sorted(build(args.folder, args.out, only=args.source, each=args.arranged, **engine).items()):
        print(f"{count:>12,}  {name}")
    return 0


def _sources() -> int:
    from symbolic_music.training.sources.convert import unsupported
    from symbolic_music.training.sources.known import known
    from symbolic_music.training.sources.registry import sources

    for source in sources().values():
        pieces = len(known().get(source.name, ()))
        what = unsupported(source.formats) or (f"{pieces:,} pieces" if pieces else "all that fits")
        print(f"{source.name:<16}{source.licence:<34}{' '.join(source.formats):<9}{what:<38}{source.url}")
    return 0
