"""The licences that a piece of the training corpus may be under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symbolic_music.errors import FileError

#: SPDX identifiers, and two of our own for what has none: all let anyone use, change and train on a piece.
ALLOWED = frozenset(
    {
        "Artistic-1.0", "BSD-3-Clause", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC0-1.0", "ECL-2.0",
        "LicenseRef-Material-Commons-Blue", "LicenseRef-Public-Domain", "MIT", "Zlib",
    }
)  # fmt: skip
#: The licence of pieces that this library arranged itself, and the name that their credit has to give.
OWN_LICENCE, OWN = "Apache-2.0", "symbolic_music arranger"


def check(rows: Iterable[Mapping[str, str]], file: str = "manifest.csv") -> None:
    """Refuse a list of pieces in which one may not be trained on.

    Parameters
    ----------
    rows : iterable of mappings
        With "path", "licence" and "attribution".
    file : str
        Where the rows come from, for the error.

    Raises
    ------
    FileError
        For the first piece without a licence, or with one that is not in `ALLOWED`. `OWN_LICENCE` counts where the
        credit names `OWN`.

    Examples
    --------
    >>> check([{"path": "a.mid", "licence": "CC0-1.0", "attribution": "Anon"}])
    >>> check([{"path": "b.mid", "licence": "", "attribution": "Anon"}], "my/manifest.csv")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.FileError: my/manifest.csv row 2, b.mid: no licence: state one in the column licence, or
    leave the piece out
    """
    for number, row in enumerate(rows, 2):  # row 1 holds the names
        licence = (row.get("licence") or "").strip()
        if licence in ALLOWED or (licence == OWN_LICENCE and OWN in (row.get("attribution") or "")):
            continue
        where = f"{file} row {number}, {row.get('path', '')}"
        if not licence:
            raise FileError(f"{where}: no licence", hint="state one in the column licence, or leave the piece out")
        if licence == OWN_LICENCE:
            raise FileError(
                f"{where}: {licence} is the licence of our own pieces alone", hint=f"the attribution has to name {OWN}"
            )
        raise FileError(
            f"{where}: the licence {licence!r} is not allowed",
            hint=f"leave the piece out; allowed are {', '.join(sorted(ALLOWED))}",
        )
