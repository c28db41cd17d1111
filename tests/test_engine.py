"""The engines: the same ids for the same seed, one row or many, ONNX or torch."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symbolic_music as sm
from symbolic_music.composer import Composer, controls
from symbolic_music.engine.generate import Row, generate
from symbolic_music.files.performance import playable
from symbolic_music.files.read_midi import load
from symbolic_music.resources import resource
from symbolic_music.rules import Matcher, limits
from symbolic_music.theory.genres import genre
from symbolic_music.tokens.layout import control_ids, write
from symbolic_music.tokens.vocabulary import Kind, vocabulary

DATA = Path(__file__).parent / "data" / "corpus" / "midi"
BRIEF = sm.Brief(genre="folk", only="A B C# F# G", instruments=["guitar", "violin"], bars=3)


@pytest.fixture(scope="module")
def engine() -> sm.OnnxEngine:
    if not resource("weights/model.onnx").is_file():
        pytest.skip("the weights are not here")
    return sm.OnnxEngine()


def test_the_same_seed_gives_the_same_bytes(engine: sm.OnnxEngine) -> None:
    first, again, other = (Composer(engine).compose(BRIEF, seed=s) for s in (7, 7, 8))
    assert first.midi == again.midi
    assert (first.score.notes["pitch"].tolist(), first.score.bars) != (other.score.notes["pitch"].tolist(), 0)


def test_rows_side_by_side_keep_their_own_briefs(engine: sm.OnnxEngine) -> None:
    briefs = [BRIEF, BRIEF.replace(bars=1, only="C E G"), BRIEF.replace(meter="6/8", bars=2)]
    pieces = Composer(engine).batch(briefs, seeds=[1, 2, 3])
    assert [p.score.bars for p in pieces] == [3, 1, 2]
    assert all(p.report.ok for p in pieces)


def row(brief: sm.Brief, seed: int) -> Row:
    """A row that may be written once."""
    return Row(
        controls(brief), Matcher(limits(brief), vocabulary()), np.random.default_rng(seed), vocabulary().id(Kind.BAR)
    )


@pytest.fixture
def small(engine: sm.OnnxEngine) -> sm.OnnxEngine:
    """An engine with a window so small that pieces outgrow it."""
    small = sm.OnnxEngine(engine.folder, threads=3)
    small.window = 192
    return small


def test_a_row_of_a_batch_is_the_row_alone(small: sm.OnnxEngine) -> None:
    """More rows than threads, and one that outgrows the window while others have long ended."""
    band = BRIEF.replace(instruments=["piano", "violin", "double bass"])
    briefs = [BRIEF.replace(bars=1), band.replace(bars=6), BRIEF, BRIEF.replace(meter="6/8", bars=2)]
    together = generate(small, [row(b, n) for n, b in enumerate(briefs)], sm.Sampling())
    alone = [generate(small, [row(b, n)], sm.Sampling())[0] for n, b in enumerate(briefs)]
    assert together == alone
    assert min(map(len, alone)) < small.window < max(map(len, alone))


class Threaded(sm.UniformEngine):
    """Writes three rows at once."""

    threads = 3


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2**32)), min_size=1, max_size=6))
@settings(max_examples=15)
def test_rows_at_once_do_not_touch_each_other(rows: list[tuple[int, int]]) -> None:
    plain, threaded = sm.UniformEngine(len(vocabulary())), Threaded(len(vocabulary()))
    briefs = [BRIEF.replace(bars=bars) for bars, _ in rows]
    written = [
        generate(e, [row(b, seed) for b, (_, seed) in zip(briefs, rows, strict=True)], sm.Sampling())
        for e in (plain, threaded)
    ]
    assert written[0] == written[1]


def test_bars_are_told_row_by_row() -> None:
    told: list[tuple[int, int]] = []
    briefs = [BRIEF.replace(bars=bars) for bars in (1, 4, 2, 3)]
    Composer(Threaded(len(vocabulary()))).batch(briefs, seeds=range(4), progress=lambda *at: told.append(at))
    assert [[bar for n, bar in told if n == number] for number in range(4)] == [[], [1, 2, 3], [1], [1, 2]]


def test_an_error_in_one_row_ends_the_batch() -> None:
    def refuse(number: int, bar: int) -> None:
        raise RuntimeError(f"row {number} at {bar}")

    with pytest.raises(RuntimeError, match="row 1 at 1"):
        Composer(Threaded(len(vocabulary()))).batch(
            [BRIEF.replace(bars=bars) for bars in (1, 3, 1)], seeds=range(3), progress=refuse
        )


def test_sessions_share_nothing_but_the_weights(engine: sm.OnnxEngine) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, engine.vocabulary_size, n).tolist() for n in (12, 7, 9)]
    alone = []
    for ids in rows:
        session = engine.open()
        alone.append([session.feed([i]).copy() for i in ids])
    sessions = [engine.open() for _ in rows]
    for place in range(12):
        for ids, session, expected in zip(rows, sessions, alone, strict=True):
            if place < len(ids):
                assert (session.feed([ids[place]]) == expected[place]).all()


def test_a_prompt_by_parts_is_the_prompt(engine: sm.OnnxEngine) -> None:
    ids = np.random.default_rng(1).integers(0, engine.vocabulary_size, 700).tolist()
    whole = engine.open().feed(ids).copy()
    session = engine.open()
    for start, end in ((0, 11), (11, 12), (12, 600), (600, 700)):
        logits = session.feed(ids[start:end])
    assert np.abs(logits - whole).max() < 0.5  # attention sums one id in another order than many
    session.restart()
    assert (session.feed(ids) == whole).all()


def test_a_row_longer_than_the_window_is_refused(small: sm.OnnxEngine) -> None:
    session = small.open()
    session.feed([1] * 191)
    with pytest.raises(ValueError, match="more than 192 ids"):
        session.feed([1, 1])
    assert session.feed([1]).shape == (small.vocabulary_size,)


def test_the_window_moves_on(small: sm.OnnxEngine) -> None:
    """A piece longer than the window is written to its end, controls in sight."""
    piece = Composer(small).compose(BRIEF.replace(bars=12, instruments=["piano", "violin", "double bass"]), seed=3)
    assert piece.score.bars == 12
    assert piece.report.ok


def test_onnx_and_torch_agree(engine: sm.OnnxEngine) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    torch_engine = sm.TorchEngine()
    same = total = 0
    for path in sorted(DATA.glob("*.mid"))[:4]:
        try:
            ids = write(load(path), control_ids(genre="classical"))[:200].tolist()
        except sm.FileError:
            continue
        mine, theirs = engine.open(), torch_engine.open()
        for i in ids:
            same += int(mine.feed([i]).argmax() == theirs.feed([i]).argmax())
        total += len(ids)
    assert same / total >= 0.98  # the figure over many pieces is in docs/benchmarks


def test_the_torch_engine_composes_under_rules(engine: sm.OnnxEngine) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    piece = Composer(sm.TorchEngine()).compose(BRIEF.replace(bars=1), seed=1)
    assert piece.report.ok


@given(st.integers(0, 2**32), st.floats(0.05, 3), st.floats(0.01, 1))
def test_what_is_drawn_is_allowed(seed: int, temperature: float, top_p: float) -> None:
    rng = np.random.default_rng(seed)
    allowed = rng.random(50) < 0.2
    allowed[rng.integers(50)] = True
    logits = (10 * rng.standard_normal(50)).astype(np.float32)
    assert allowed[sm.Sampling(temperature, top_p).draw(logits, allowed, rng)]


def test_sampling_follows_the_probabilities() -> None:
    rng = np.random.default_rng(0)
    logits, allowed = np.log(np.array([0.5, 0.3, 0.15, 0.05])), np.ones(4, bool)
    counts = np.bincount([sm.Sampling(1.0, 1.0).draw(logits, allowed, rng) for _ in range(4000)], minlength=4) / 4000
    assert np.abs(counts - [0.5, 0.3, 0.15, 0.05]).max() < 0.03
    nucleus = {sm.Sampling(1.0, 0.75).draw(logits, allowed, rng) for _ in range(500)}
    assert nucleus == {0, 1}


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(sm.WeightsError, match=r"no model\.onnx"):
        sm.OnnxEngine(tmp_path)


def test_broken_weights_are_named(tmp_path: Path, engine: sm.OnnxEngine) -> None:
    shutil.copy(engine.folder / "config.json", tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(sm.WeightsError, match=r"model\.onnx"):
        sm.OnnxEngine(tmp_path)


def test_a_broken_configuration_is_named(tmp_path: Path, engine: sm.OnnxEngine) -> None:
    shutil.copy(engine.folder / "model.onnx", tmp_path)
    for text in ("{", "{}"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(sm.WeightsError, match="is not the configuration of weights"):
            sm.OnnxEngine(tmp_path)


def test_weights_for_another_vocabulary_are_refused() -> None:
    with pytest.raises(sm.WeightsError, match="weights for 7 tokens: this version has 1149"):
        Composer(sm.UniformEngine(7))


def test_a_piece_keeps_what_the_brief_says_exactly(engine: sm.OnnxEngine) -> None:
    piece = Composer(engine).compose(BRIEF.replace(tempo=93.4, key="B minor", bars=1), seed=1)
    assert (piece.score.tempo, str(piece.score.key)) == (93.4, "B minor")
    assert replace(piece, receipt={}).midi != piece.midi


def test_a_swing_is_written_straight_and_played_swung() -> None:
    engine = sm.UniformEngine(len(vocabulary()))
    swing, pop = (sm.Brief(genre=name, instruments=["piano"], bars=3) for name in ("swing", "pop"))
    piece = Composer(engine).compose(swing, seed=1)
    style = genre("swing")
    file = mido.MidiFile(file=io.BytesIO(piece.midi))
    heard, now = [], 0
    for message in file.tracks[1]:
        now += message.time
        if message.type == "note_on":
            heard.append(now)
    starts = playable(piece.score)["start"]
    late = [round((style.swung(t) - t) * 20) if t % 6 == 0 else 0 for t in starts.tolist()]
    assert sorted(heard) == sorted((starts * 20 + late).tolist())
    assert any(late) and style.swung(12) > 14
    assert Composer(engine).compose(pop, seed=1).offsets is None
