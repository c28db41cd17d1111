"""The matcher against a slow one written from the tables; merged ids against their events, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from slow import Slow
from storms import random_brief, random_rules

from symbolic_music.errors import BriefError
from symbolic_music.rules import compiled, rule
from symbolic_music.rules.matcher import Matcher
from symbolic_music.rules.merged import MergedMatcher
from symbolic_music.tokens.merges import Merges
from symbolic_music.tokens.vocabulary import Kind, vocabulary
from symbolic_music.training.merges import learned

V = vocabulary()


def storm(seed: int, *, bars: tuple[int, int] = (2, 8)) -> tuple[Matcher, list[str], bool] | None:
    """A matcher of a random brief with up to 8 random rules, None if they clash."""
    rng = np.random.default_rng(seed)
    brief = random_brief(rng, bars)
    rules, plan = random_rules(rng, brief, int(rng.integers(9))), bool(rng.integers(2))
    try:
        return compiled(brief, map(rule, rules), plan=plan), rules, plan
    except BriefError:
        return None


def chosen(rng: np.random.Generator, mask: NDArray[np.bool_], kind: NDArray[np.int16], *, merged: float = 0.6) -> int:
    """An id of a mask: a kind at random, then one of it; of those that are merged more."""
    ids = np.flatnonzero(mask)
    longer = ids[ids >= len(V)]
    if len(longer) and rng.random() < merged:
        return int(rng.choice(longer))
    kinds = kind[ids]
    return int(rng.choice(ids[kinds == rng.choice(np.unique(kinds))]))


def row_of(matcher: Matcher, rng: np.random.Generator, most: int) -> Iterator[tuple[list[int], NDArray[np.bool_]]]:
    """A random row of a matcher: before each id those before it, and the mask."""
    ids: list[int] = []
    while not matcher.done and len(ids) < most:
        yield ids, matcher.allowed()
        ids.append(chosen(rng, matcher.allowed(), V.kind))
        matcher.accept(ids[-1])


def differences(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> str:
    ids = np.flatnonzero(one != other)
    return ", ".join(f"{V.tokens[i]}{'' if one[i] else ' missing'}" for i in ids[:8])


@settings(max_examples=12)
@given(st.integers(0, 2**32))
def test_masks_are_those_of_the_slow_matcher(seed: int) -> None:
    found = storm(seed, bars=(2, 5))
    if found is None:
        return
    matcher, rules, plan = found
    slow, rng = Slow(matcher.limits, V, plan=plan), np.random.default_rng(seed)
    for ids, mask in row_of(matcher, rng, 150):
        if len(ids) % 9 == seed % 9:
            assert mask.any(), rules
            try:
                other = slow.allowed(ids)
            except TimeoutError:
                return
            assert not (said := differences(mask, other)), (said, rules, ids)


def by_definition(matcher: Matcher, events: tuple[tuple[int, ...], ...]) -> NDArray[np.bool_]:
    """The ids all of whose events are allowed, one after the other."""
    masks: dict[tuple[int, ...], NDArray[np.bool_]] = {}

    def mask_after(run: tuple[int, ...]) -> NDArray[np.bool_]:
        if run not in masks:
            for event in run:
                matcher.accept(event)
            masks[run] = matcher.allowed().copy()
            matcher.rollback(len(run))
        return masks[run]

    return np.array([all(mask_after(run[:n])[run[n]] for n in range(len(run))) for run in events])


@pytest.fixture(scope="module")
def merges() -> Merges:
    """A few hundred merges, of random rows."""
    rows = []
    for seed in range(12):
        if found := storm(seed):
            *_, (ids, _) = row_of(found[0], np.random.default_rng(seed), 600)
            rows.append(np.array(ids))
    return learned(rows, len(V) + 500)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_merged_ids_are_allowed_as_their_events_are(merges: Merges, seed: int) -> None:
    found = storm(seed)
    if found is None:
        return
    rng, matcher, kept = np.random.default_rng(seed), found[0], []
    merged = MergedMatcher(matcher, merges.events)
    while not merged.done and len(kept) < 200:
        mask = merged.allowed()
        if len(kept) % 13 == 0:
            wrong = np.flatnonzero(mask != by_definition(matcher, merges.events))
            assert not len(wrong), ([V.tokens[e] for e in merges.events[wrong[0]]], found[1])
        kept.append((mask.copy(), merged.bar))
        merged.accept(chosen(rng, mask, merges.kind))
    for mask, bar in reversed(kept):
        merged.rollback(1)
        assert merged.bar == bar
        assert (merged.allowed() == mask).all()


def test_merged_ids_follow_one_another() -> None:
    found = storm(1)
    assert found is not None
    pitch, loud = V.ids(Kind.PITCH)[40], V.ids(Kind.VELOCITY)[3]
    merged = MergedMatcher(found[0], Merges(((int(pitch), int(loud)),)).events)
    run = merged.forced()
    assert [V.tokens[i].split("_")[0] for i in run[:2]] == ["Bar", "TimeSig"]
    before = merged.allowed().copy()
    with pytest.raises(ValueError, match="may not come here"):
        merged.accept(len(V))
    assert (merged.allowed() == before).all()
    with pytest.raises(ValueError, match="events that are not of notes"):
        MergedMatcher(found[0], ((V.id(Kind.BAR), int(pitch)),))
