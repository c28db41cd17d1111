"""The engines: the same ids for the same seed, one row or many, ONNX or torch."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import symbolic_music as sm
from symbolic_music.composer import Composer
from symbolic_music.engine.base import MAX_BATCH
from symbolic_music.files.read_midi import load
from symbolic_music.files.write_midi import playable
from symbolic_music.resources import resource
from symbolic_music.theory.genres import genre
from symbolic_music.tokens.layout import control_ids, write
from symbolic_music.tokens.vocabulary import vocabulary

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


def test_a_row_means_the_same_alone_and_in_a_batch(engine: sm.OnnxEngine) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, engine.vocabulary_size, n).tolist() for n in (40, 7, 23)]
    together = engine.open(3).feed(rows).copy()
    for row, logits in zip(rows, together, strict=True):
        alone = engine.open(1).feed([row])[0]
        assert alone.argmax() == logits.argmax()
        assert np.abs(alone - logits).max() < 0.5  # activations are rounded to 8 bits by row length


def test_a_prompt_by_parts_is_the_prompt(engine: sm.OnnxEngine) -> None:
    ids = np.random.default_rng(1).integers(0, engine.vocabulary_size, 30).tolist()
    whole = engine.open(1).feed([ids])[0].copy()
    session = engine.open(1)
    session.feed([ids[:11]])
    assert np.abs(session.feed([ids[11:]])[0] - whole).max() < 0.5
    session.restart(0)
    assert np.abs(session.feed([ids])[0] - whole).max() < 1e-4


def test_the_window_moves_on(engine: sm.OnnxEngine) -> None:
    """A piece longer than the window is written to its end, controls in sight."""
    small = sm.OnnxEngine()
    small.window = 384
    brief = BRIEF.replace(bars=12, instruments=["piano", "violin", "double bass"])
    piece = Composer(small).compose(brief, seed=3)
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
        mine, theirs = engine.open(1), torch_engine.open(1)
        for i in ids:
            same += int(mine.feed([[i]])[0].argmax() == theirs.feed([[i]])[0].argmax())
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


def test_batches_have_a_limit(engine: sm.OnnxEngine) -> None:
    with pytest.raises(ValueError, match="outside 1 to 16"):
        engine.open(MAX_BATCH + 1)
    assert engine.open(MAX_BATCH).feed([[1]] * MAX_BATCH).shape == (MAX_BATCH, engine.vocabulary_size)


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
