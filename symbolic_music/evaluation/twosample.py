"""Whether two sets of music can be told apart: a classifier two-sample test on excerpts.

After D. Lopez-Paz and M. Oquab ("Revisiting classifier two-sample tests", ICLR 2017): a classifier that is right
half the time on excerpts it has not seen cannot tell the sets apart. Two are tried, a logistic regression and a random
forest, and the better one counts, which is the worse for whoever made the music.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import SymbolicMusicError
from symbolic_music.evaluation.features import FAMILIES, excerpts, features, names, programs
from symbolic_music.score import Score

Array = NDArray[np.float64]
#: Parts into which the pieces are dealt: each is tested by what was learned from the others.
FOLDS = 5
#: Excerpts of a piece that are used at most, so that long pieces do not rule.
PER_PIECE = 4
#: Of two features that correlate more than this, only the more telling is told.
_ALIKE = 0.7


@dataclass(frozen=True)
class Telling:
    """A feature that tells the sets apart.

    Attributes
    ----------
    name : str
        As in `features.names`.
    real, other : float
        Its mean over the excerpts of either set.
    area : float
        How often an excerpt of `other` has more of it than one of `real` (area under the ROC curve):
        0.5 says nothing, 1 always more, 0 always less.
    """

    name: str
    real: float
    other: float
    area: float

    def __str__(self) -> str:
        return f"{self.name} {self.real:.3g} → {self.other:.3g}"


@dataclass(frozen=True)
class TwoSample:
    """How well two sets are told apart.

    Attributes
    ----------
    accuracy : float
        Mean of the shares of both sets that are told rightly: 0.5 cannot be told, 1.0 always.
    error : float
        One standard error, from drawing again the pieces that are told; what was learned stays as it is.
    model : str
        The classifier that did so.
    accuracies : dict of str to float
        Of every classifier.
    alone : dict of str to float
        Of the logistic regression on one family of features alone; "programs" are not among the features.
    chance : float or None
        What 95 of 100 random labellings of the same pieces stay below; None where that was not tried.
    pieces : tuple of int
        Of `real` and of `other`, as many as any round drew from.
    excerpts : int
        Of either, in each round.
    telling : tuple of Telling
        The most telling first; of features that say the same only one.

    Examples
    --------
    >>> print(TwoSample(0.62, 0.03, "forest", pieces=(40, 40), excerpts=160))
    0.62 ± 0.03
    """

    accuracy: float
    error: float
    model: str
    accuracies: dict[str, float] = field(default_factory=dict)
    alone: dict[str, float] = field(default_factory=dict)
    chance: float | None = None
    pieces: tuple[int, int] = (0, 0)
    excerpts: int = 0
    telling: tuple[Telling, ...] = ()

    def __str__(self) -> str:
        return f"{self.accuracy:.2f} ± {self.error:.2f}"


@dataclass(frozen=True)
class Table:
    """Excerpts as rows.

    Attributes
    ----------
    rows : array of float, shape [excerpts, features]
    programs : array of float, shape [excerpts, 129]
    piece : array of int, shape [excerpts]
        The score that each excerpt was cut from, by its place in the list.
    """

    rows: Array
    programs: Array
    piece: NDArray[np.int64]

    def take(self, index: NDArray[np.int64]) -> Table:
        """Some of the rows, by index."""
        return Table(self.rows[index], self.programs[index], self.piece[index])


def table(scores: Sequence[Score], beats: int = 64) -> Table:
    """The features of all excerpts of some scores; a score without an excerpt is left out."""
    cuts = [(i, cut) for i, score in enumerate(scores) for cut in excerpts(score, beats)]
    return Table(
        np.array([features(cut) for _, cut in cuts]).reshape(len(cuts), len(names())),
        np.array([programs(cut) for _, cut in cuts]).reshape(len(cuts), 129),
        np.array([i for i, _ in cuts], np.int64),
    )


def joined(tables: Sequence[Table]) -> Table:
    """The rows of several tables; the pieces of each are others than those of the next."""
    ends = np.cumsum([0, *(int(t.piece.max(initial=-1)) + 1 for t in tables)])
    return Table(
        np.concatenate([t.rows for t in tables]),
        np.concatenate([t.programs for t in tables]),
        np.concatenate([t.piece + end for t, end in zip(tables, ends[:-1], strict=True)]),
    )


def balanced(real: Table, other: Table, rng: np.random.Generator) -> tuple[Table, Table]:
    """As many rows of either, drawn at random, at most four of a piece."""
    both = joined([real, other])
    label = np.repeat([0, 1], [len(real.rows), len(other.rows)])
    index = _balanced(label, both.piece, rng)
    return both.take(index[label[index] == 0]), both.take(index[label[index] == 1])


def two_sample(
    real: Sequence[Score] | Table,
    other: Sequence[Score] | Table,
    *,
    rng: np.random.Generator,
    without: Sequence[str] = (),
    rounds: int = 3,
    labellings: int = 0,
) -> TwoSample:
    """Try to tell excerpts of two sets of scores apart.

    In each round as many excerpts are drawn from either set, at most four of a piece; the pieces are dealt into five
    folds, no piece into two, and each fold is told by what was learned from the others. Needs scikit-learn.

    Parameters
    ----------
    real, other : sequences of Score, or what `table` made of them
    rng : numpy Generator
    without : sequence of str
        Families of features (`features.FAMILIES`) that are not looked at.
    rounds : int
        Over how many draws the result is taken.
    labellings : int
        How often the pieces are labelled at random, to find what chance does; 19 or more mean something.

    Raises
    ------
    SymbolicMusicError
        If a set has fewer than five pieces that give an excerpt, a family is not known, or scikit-learn is missing.

    See Also
    --------
    symbolic_music.evaluation.metrics.overlapping_area : one measure at a time.
    """
    if find_spec("sklearn") is None:
        raise SymbolicMusicError("scikit-learn is not installed", hint="pip install 'symbolic-music[evaluation]'")
    sides = [x if isinstance(x, Table) else table(x) for x in (real, other)]
    for name, side in zip(("real", "other"), sides, strict=True):
        if (found := len(np.unique(side.piece))) < FOLDS:
            raise SymbolicMusicError(
                f"`{name}` has {found} pieces that are long enough", hint=f"give at least {FOLDS} with an excerpt"
            )
    if unknown := set(without) - set(FAMILIES):
        raise SymbolicMusicError(f"unknown family {min(unknown)!r}", hint=f"one of {', '.join(FAMILIES)}")
    families = np.array([name.split("/")[0] for name in names()])
    kept = ~np.isin(families, list(without))
    both = joined(sides)
    rows, group = both.rows, both.piece
    label = np.repeat([0, 1], [len(s.rows) for s in sides])

    models: dict[str, tuple[Model, Array]] = {name: (model, rows[:, kept]) for name, model in MODELS.items()}
    for family in dict.fromkeys(families[kept]):
        models[f"alone/{family}"] = MODELS["logistic"], rows[:, families == family]
    models["alone/programs"] = MODELS["logistic"], both.programs
    right, drawn = _told(models, label, group, rng, rounds)
    accuracies = {name: _accuracy(right[name], drawn, label) for name in models}
    best = max(MODELS, key=lambda name: accuracies[name])
    plain = {name: models[name] for name in MODELS}
    lucky = [_best(*_told(plain, mixed, group, rng), mixed) for mixed in _mixed(label, group, rng, labellings)]
    used = [len(np.unique(group[(label == k) & (drawn > 0)])) for k in (0, 1)]
    return TwoSample(
        accuracy=accuracies[best],
        error=_error(right[best], drawn, label, group, rng),
        model=best,
        accuracies={name: accuracies[name] for name in MODELS},
        alone={name.removeprefix("alone/"): a for name, a in accuracies.items() if name.startswith("alone/")},
        chance=float(np.quantile(lucky, 0.95)) if lucky else None,
        pieces=(used[0], used[1]),
        excerpts=round(drawn.sum() / 2 / rounds),
        telling=_telling(rows[:, kept][drawn > 0], label[drawn > 0], np.array(names())[kept]),
    )


#: Rows and labels to learn from, rows to tell: their labels.
Model = Callable[[Array, NDArray[np.int64], Array, np.random.Generator], NDArray[np.int64]]


def _logistic(x: Array, y: NDArray[np.int64], new: Array, rng: np.random.Generator) -> NDArray[np.int64]:  # noqa: ARG001
    from sklearn.linear_model import LogisticRegression

    mean, spread = x.mean(0), x.std(0)
    varies = spread > 1e-9
    x, new = (np.clip((z - mean)[:, varies] / spread[varies], -4, 4) for z in (x, new))
    if not varies.any():
        return np.zeros(len(new), np.int64)
    model = LogisticRegression(C=0.03, class_weight="balanced", max_iter=1000)
    return np.asarray(model.fit(x, y).predict(new))


def _forest(x: Array, y: NDArray[np.int64], new: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        200, min_samples_leaf=2, class_weight="balanced", random_state=int(rng.integers(1 << 31))
    )
    return np.asarray(model.fit(x, y).predict(new))


MODELS: dict[str, Model] = {"logistic": _logistic, "forest": _forest}


def _told(
    models: dict[str, tuple[Model, Array]],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    rng: np.random.Generator,
    rounds: int = 1,
) -> tuple[dict[str, Array], Array]:
    """How often each row was told rightly by each model, and how often it was drawn."""
    right, drawn = {name: np.zeros(len(label)) for name in models}, np.zeros(len(label))
    for _ in range(rounds):
        index = _balanced(label, group, rng)
        drawn[index] += 1
        for train, test in _folds(label[index], group[index], rng):
            a, b = index[train], index[test]
            for name, (model, x) in models.items():
                right[name][b] += model(x[a], label[a], x[b], rng) == label[b]
    return right, drawn


def _best(right: dict[str, Array], drawn: Array, label: NDArray[np.int64]) -> float:
    return max(_accuracy(r, drawn, label) for r in right.values())


def _mixed(
    label: NDArray[np.int64], group: NDArray[np.int64], rng: np.random.Generator, times: int
) -> Iterator[NDArray[np.int64]]:
    """Labels dealt out anew to whole pieces."""
    _, first, piece = np.unique(group, return_index=True, return_inverse=True)
    for _ in range(times):
        yield rng.permutation(label[first])[piece]


def _balanced(label: NDArray[np.int64], group: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows drawn at random: at most `PER_PIECE` of a piece, as many of either label."""
    sides = []
    for k in (0, 1):
        mine = rng.permutation(np.flatnonzero(label == k))
        order = mine[np.argsort(group[mine], kind="stable")]
        _, first, count = np.unique(group[order], return_index=True, return_counts=True)
        place = np.arange(len(order)) - np.repeat(first, count)
        # a row of every piece, in random order, then a second of those that have one, and so on
        sides.append(order[np.lexsort((rng.random(len(order)), place))][: int((place < PER_PIECE).sum())])
    size = min(map(len, sides))
    return np.concatenate([side[:size] for side in sides])


def _folds(
    label: NDArray[np.int64], group: NDArray[np.int64], rng: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Indices to learn from and to test, by piece, the pieces of either label dealt out evenly."""
    fold = np.zeros(len(label), np.int64)
    for k in (0, 1):
        pieces = rng.permutation(np.unique(group[label == k]))
        for i, piece in enumerate(pieces):
            fold[group == piece] = i % FOLDS
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(FOLDS)]


def _accuracy(right: Array, drawn: Array, label: NDArray[np.int64]) -> float:
    return float(np.mean([right[label == k].sum() / drawn[label == k].sum() for k in (0, 1)]))


def _error(
    right: Array, drawn: Array, label: NDArray[np.int64], group: NDArray[np.int64], rng: np.random.Generator
) -> float:
    """The spread of the accuracy when the pieces of either side are drawn again, with replacement."""
    shares = []
    for k in (0, 1):
        _, piece = np.unique(group[label == k], return_inverse=True)
        hits, total = (np.bincount(piece, weights=w[label == k]) for w in (right, drawn))
        hits, total = hits[total > 0], total[total > 0]
        again = rng.integers(0, len(total), (500, len(total)))
        shares.append(hits[again].sum(1) / total[again].sum(1))
    return float(np.mean(shares, axis=0).std())


def _telling(rows: Array, label: NDArray[np.int64], called: NDArray[np.str_], most: int = 10) -> tuple[Telling, ...]:
    """The features whose ranks differ most between the labels."""
    from scipy.stats import rankdata

    size = np.array([(label == 0).sum(), (label == 1).sum()])
    ranks = rankdata(rows, axis=0)
    area = (ranks[label == 1].sum(0) - size[1] * (size[1] + 1) / 2) / size.prod()
    centred = (ranks - ranks.mean(0)) / np.maximum(ranks.std(0), 1e-9)
    found: list[int] = []
    for i in np.argsort(-np.abs(area - 0.5), kind="stable"):
        alike = np.abs(centred[:, found].T @ centred[:, i]) / len(rows) if found else np.zeros(1)
        if len(found) < most and abs(area[i] - 0.5) > 1e-9 and alike.max() < _ALIKE:
            found.append(int(i))
    means = [rows[label == k].mean(0) for k in (0, 1)]
    return tuple(Telling(str(called[i]), float(means[0][i]), float(means[1][i]), float(area[i])) for i in found)
