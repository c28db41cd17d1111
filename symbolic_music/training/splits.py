"""Training, validation and test pieces: split by work, and by composer as far as that is sensible.

A piece that was learned and one that is measured must not be the same music,
nor, where it can be helped, by the same hand. All pieces of a work stay
together: movements, numbers of an opera or a cycle, what stands in one
manuscript, versions, near-duplicates. A composer with few pieces is held out
whole; one with so many that a genre would be nearly empty without them is
divided by work. So the held-out pieces tell of both: new works by composers
that the model knows, and composers that it never saw.

Everything hangs on hashes of names and a fixed order, so a corpus that grows
keeps its split but for pieces at the edge.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from symbolic_music.errors import FileError
from symbolic_music.training.duplicates import groups_of

SPLITS = ("train", "validation", "test")
#: What a manifest says of every piece, at least.
COLUMNS = frozenset({"path", "source", "title", "composer", "genre"})
#: Share of the pieces of every genre in the validation split, and in the test split.
SHARE = 0.025
#: Composers held out whole fill this share of a genre's places first; one with more pieces is divided by work.
WHOLE = 0.5
#: Folder of the path upstream that holds one work, by source: an opus, a manuscript or print, a recording session.
_FOLDERS = {
    "mutopia": r"ftp/[^/]+/[^/]+",
    "polish": r"kern/.+?--.+?(?=--\d|_)",
    "groove": r"drummer\d+/session\d+|eval_session",  # in the evaluation sessions all play the same ten beats
}
#: Words of a name that is no person's.
_NOBODY = re.compile(
    r"\banon|unknown|various|\btrad|volks|\bfolk|spiritual|melod[iy]|psalter|gesangbuch|handbuch|\bharmony\b|druidic"
)
#: Spellings that no rule brings together.
_SPELLINGS = {
    "bartholdy f": "mendelssohn f", "bartholdy fm": "mendelssohn f", "haydn f": "haydn j", "haydn fj": "haydn j",
    "mendelssohn-bartholdy f": "mendelssohn f", "moussorgsky m": "mussorgsky m", "rimskij-korsakov na": "korsakov n",
    "rimsky n": "korsakov n", "rimsky-korsakov n": "korsakov n", "rougetdelisle cj": "lisle cjr",
    "tchaikovski pi": "tchaikovsky p", "tchaikovskiy p": "tchaikovsky p", "wanhal j": "vanhal jb",
}  # fmt: skip
_PARTICLES = re.compile(r"\b(?:d'|(?:van|von|de|di|da|del|della|der|den|des|du|la|le|zu|y)\b)")
_LETTERS = str.maketrans("łŁøØ", "lLoO") | str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe"})
_CATALOGUE = re.compile(r"\b(op|opus|o|bwv|kv?|d|hob|rv|hwv|twv|woo)\.? ?(?:no\.? ?)?(\d+[a-z]?)\b")


def _plain(text: str) -> str:
    """Lower case without accents."""
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in text if not unicodedata.combining(c)).lower()


def composers(name: str) -> tuple[str, ...]:
    """The persons in a composer's field, each as surname and initials; none for anonymous and traditional music.

    Case, accents, dates, opus numbers, titles, nicknames and arrangers do not
    count, nor in which order a name is written.

    Examples
    --------
    >>> composers("Johann Sebastian BACH, BWV 542"), composers("J.S. Bach (1685-1750)"), composers("BachJS")
    (('bach js',), ('bach js',), ('bach js',))
    >>> composers("Ludwig van Beethoven; Beethoven, L."), composers("Antonín Dvořák")
    (('beethoven l',), ('dvorak a',))
    >>> composers("[Traditional]; arr. J. Brahms"), composers("-")
    ((), ())
    """
    if _NOBODY.search(_plain(name)):
        return ()
    code = re.fullmatch(r"([A-Z][\w-]*?[a-z])([A-Z]{1,4})[a-z]?", name.strip())  # Mutopia's folders: BeethovenLv
    if code:
        name = f"{' '.join(code[2])} {code[1]}"
    name = re.sub(r"\(.*?\)|\[.*?\]|\"[^\"]*\"", " ", _plain(name))
    keys = [_key(person) for person in re.split(r"[;&/]|\band\b", name)]
    return tuple(dict.fromkeys(_SPELLINGS.get(key, key) for key in keys if key))


def _key(person: str) -> str:
    """Surname and initials of one person in lower case, "" for an arranger."""
    before, _, after = re.sub(r"\b(arr|harm)\b.*", "", person).strip().partition(",")
    if re.fullmatch(r"\s*[a-z. ]+", after) and " " not in before.strip(". "):
        before = f"{after} {before}"  # Beethoven, Ludwig van
    name = re.sub(r"\b(op|opus|bwv|woo)\b.*|\d.*|\b(by|attr|sir|rev|mr|jr|ii|iii)\b\.?", " ", before)
    name = re.sub("([aou])e", r"\1", _PARTICLES.sub(" ", name))  # Haendel, Handel
    words = [word.strip("'-") for word in re.findall(r"[a-z][a-z'-]*", name)]
    return f"{words[-1]} {''.join(w[0] for w in words[:-1])}".strip() if words else ""


def people_of(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, ...]]:
    """The composers of every row, "chopin ff" and "chopin" as the most frequent name that they can stand for."""
    names = []
    for row in rows:
        folder = re.match(r"ftp/([^/]+)/", row.get("upstream_path", ""))
        drummer = row["source"] == "groove"
        names.append((row["composer"],) if drummer else composers(folder[1] if folder else row["composer"]))
    count = Counter(name for some in names for name in some)
    family = defaultdict(list)
    for name in sorted(count, key=lambda n: (-count[n], n)):
        family[name.split()[0]].append(name)
    same = {n: next(m for m in family[n.split()[0]] if m.startswith(n) or n.startswith(m)) for n in count}
    return [tuple(dict.fromkeys(same[name] for name in some)) for some in names]


def works(row: Mapping[str, str], people: Sequence[str]) -> list[str]:
    """Names of the works that a row belongs to; rows that share one belong together.

    >>> row = {"source": "lieder", "title": "Winterreise, D.911: 5. Der Lindenbaum", "path": "a.mid"}
    >>> works(row, ["schubert f"])
    ['schubert f|winterreise d 911', 'schubert f|d 911']
    >>> works({"source": "mei", "title": "Mazur", "path": "b.mid"}, [])
    ['b.mid']
    """
    found = []
    folder = re.search(_FOLDERS.get(row["source"], "(?!)"), row.get("upstream_path", ""))
    if folder:
        found.append(f"{row['source']}|{folder[0]}")
    title = re.sub(r"\(\d+ of \d+\)|\[.*?\]|\bmovement \d+|(\d+(st|nd|rd|th)) movement", "", _plain(row["title"]))
    title = re.sub(r"[^a-z0-9.]+", " ", title.split(":")[0]).strip()
    numbers = {f"{'op' if m[1] in {'o', 'opus'} else m[1]} {m[2]}" for m in _CATALOGUE.finditer(title)}
    title = re.sub(r"[ .]+", " ", title)
    for name in people:
        found += [f"{name}|{work}" for work in (title, *sorted(numbers - {title})) if work]
    return found or [row["path"]]


def _share(rows: Sequence[Mapping[str, str]], members: Iterable[int]) -> Counter[str]:
    return Counter(rows[i]["genre"] for i in members)


def splits(
    rows: Sequence[Mapping[str, str]], groups: Iterable[Sequence[int]] = (), *, share: float = SHARE
) -> list[str]:
    """The split of every row: "train", "validation" or "test".

    Parameters
    ----------
    rows : sequence of mappings
        Rows of a manifest: path, source, title, composer, genre, and upstream_path where there is one.
    groups : iterable of sequences of int
        Near-duplicates, as positions in `rows`; see `duplicates.near_duplicates`.
    share : float
        The share of the pieces of every genre that each of the two held-out splits gets, as near as works allow.

    Returns
    -------
    list of str
        A genre whose works are all larger than its share stays with the training pieces.

    Raises
    ------
    FileError
        If a row lacks one of these columns.

    Examples
    --------
    >>> rows = [{"path": f"{n}.mid", "source": "", "title": f"Song {n}", "composer": f"Nobody {'ABCDE'[n % 5]}. Such",
    ...          "genre": "song"} for n in range(200)]
    >>> Counter(splits(rows, share=0.1))["validation"]
    20
    """
    for number, row in enumerate(rows, 1):
        if not row.keys() >= COLUMNS:
            lacking = ", ".join(sorted(COLUMNS - row.keys()))
            raise FileError(f"row {number} of the manifest has no {lacking}", hint="leave it empty if it is not known")
    people = people_of(rows)
    pairs: list[tuple[int, int]] = [(group[0], i) for group in groups for i in group[1:]]
    first: dict[str, int] = {}
    keys = [works(row, names) for row, names in zip(rows, people, strict=True)]
    for i, some in enumerate(keys):
        pairs += [(first.setdefault(key, i), i) for key in some]
    units = groups_of(len(rows), pairs)
    total = _share(rows, range(len(rows)))
    quota = {genre: round(share * count) for genre, count in total.items()}
    half = {genre: ceil(WHOLE * count) for genre, count in quota.items()}
    units, names = _whole(rows, units, people, half)

    label = [name or min(key for i in unit for key in keys[i]) for unit, name in zip(units, names, strict=True)]
    order = sorted(range(len(units)), key=lambda u: hashlib.sha256(label[u].encode()).digest())
    found = ["train"] * len(rows)
    taken: set[int] = set()
    for split, turn in (("validation", order), ("test", order[::-1])):
        held = Counter[str]()
        for most, candidates in ((half, [u for u in turn if names[u]]), (quota, turn)):
            for u in candidates:
                more = held + _share(rows, units[u])
                if u not in taken and all(n <= most[genre] for genre, n in more.items()):
                    held = more
                    taken.add(u)
                    for i in units[u]:
                        found[i] = split
    return found


def _whole(
    rows: Sequence[Mapping[str, str]],
    units: list[list[int]],
    people: Sequence[Sequence[str]],
    limit: Mapping[str, int],
) -> tuple[list[list[int]], list[str]]:
    """The units with those of one composer put together, unless that makes more than `limit`; and their composers."""
    mine = defaultdict(list)
    for i, names in enumerate(people):
        for name in names:
            mine[name].append(i)
    unit_of = {i: u for u, unit in enumerate(units) for i in unit}
    members = {u: list(unit) for u, unit in enumerate(units)}
    label = dict.fromkeys(members, "")
    for name in sorted(mine, key=lambda n: (len(mine[n]), n)):  # as many composers as can be
        parts = {unit_of[i] for i in mine[name]}
        together = [i for u in sorted(parts) for i in members[u]]
        if any(n > limit[genre] for genre, n in _share(rows, together).items()):
            continue
        for u in parts:
            del members[u]
        kept = min(parts)
        members[kept] = together
        label[kept] = min(filter(None, (name, *(label[u] for u in parts))))
        unit_of.update(dict.fromkeys(together, kept))
    return list(members.values()), [label[u] for u in members]
