"""The engine that ships: ONNX Runtime on the CPU, one cache allocated once, bound in place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.engine.base import MAX_BATCH, Logits
from symbolic_music.errors import WeightsError
from symbolic_music.resources import resource

#: Ids of a prompt that go in at once; logits come out for each of them.
CHUNK = 512


class OnnxEngine:
    """The int8 weights under ONNX Runtime.

    Parameters
    ----------
    folder : Path, optional
        A folder with `model.onnx` and `config.json`; the shipped weights by default.
    threads : int
        Threads of a step. One is fastest for a single row of a model this small.

    Raises
    ------
    WeightsError
        If the folder lacks one of the two files, or one cannot be used.
    """

    def __init__(self, folder: str | Path | None = None, *, threads: int = 1) -> None:
        import onnxruntime

        folder = Path(folder) if folder else resource("weights")
        for name in ("model.onnx", "config.json"):
            if not (folder / name).is_file():
                raise WeightsError(
                    f"no {name} in {folder}", hint="reinstall symbolic_music, or give a folder of weights"
                )
        self.folder = folder
        try:
            self.config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
            self.vocabulary_size, self.window = self.config["vocab_size"], self.config["window"]
            self.layers, self.heads = self.config["num_hidden_layers"], self.config["num_key_value_heads"]
            self.head_width = self.config["head_dim"]
        except (ValueError, KeyError) as error:
            raise WeightsError(f"{folder / 'config.json'} is not the configuration of weights ({error})") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads > 1 else "1")
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own exceptions for whatever is wrong with a file
            raise WeightsError(f"{folder / 'model.onnx'} is not a model that ONNX Runtime can load") from error

    @cached_property
    def fingerprint(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the weights."""
        return hashlib.sha256((self.folder / "model.onnx").read_bytes()).hexdigest()[:12]

    def open(self, batch: int) -> OnnxSession:
        """A session of `batch` rows, 1 to 16."""
        if not 1 <= batch <= MAX_BATCH:
            raise ValueError(f"batch {batch} is outside 1 to {MAX_BATCH}")
        return OnnxSession(self, batch)


@cache
def shipped() -> OnnxEngine:
    """The engine with the shipped weights, loaded once; its sessions share nothing but the weights."""
    return OnnxEngine()


class OnnxSession:
    """Rows of one cache. A single row takes a prompt in chunks; several rows take one id each at a time."""

    def __init__(self, engine: OnnxEngine, batch: int) -> None:
        import onnxruntime

        self.engine, self.batch = engine, batch
        self.lengths = np.zeros(batch, np.int64)
        self.logits: Logits = np.zeros((batch, engine.vocabulary_size), np.float32)
        empty = np.zeros((batch, engine.heads, engine.window, engine.head_width), np.float32)
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        names = [f"{layer}.{side}" for layer in range(engine.layers) for side in ("key", "value")]
        self._bound = _Bound(engine, {name: value(empty.copy()) for name in names}, batch)

    def restart(self, row: int) -> None:
        """Forget a row; its cache is written over."""
        self.lengths[row] = 0

    def feed(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Append ids to the rows; see `base.Session`."""
        if (self.lengths + [len(r) for r in rows]).max() > self.engine.window:
            raise ValueError(f"more than {self.engine.window} ids in a row")
        if self.batch == 1:
            ids = rows[0]
            for start in range(0, len(ids), CHUNK):
                self._run(np.array([ids[start : start + CHUNK]], np.int64))
            return self.logits
        for step in range(max(map(len, rows))):
            # a row that has nothing to say repeats its last place: the next real id overwrites it
            column = np.array([[r[step]] if step < len(r) else [0] for r in rows], np.int64)
            active = np.array([step < len(r) for r in rows])
            self._run(column, active)
        return self.logits

    def _run(self, ids: NDArray[np.int64], active: NDArray[np.bool_] | None = None) -> None:
        after = self.lengths + ids.shape[1]
        logits = self._bound.run(ids, (after - 1).astype(np.int32))
        if active is None:
            self.lengths = after
            self.logits[:] = logits[:, -1]
        else:
            self.lengths = np.where(active, after, self.lengths)
            self.logits[active] = logits[active, -1]


class _Bound:
    """An IO binding whose present is its past."""

    def __init__(self, engine: OnnxEngine, cache: dict[str, Any], batch: int) -> None:
        import onnxruntime

        self.engine = engine
        self._value = onnxruntime.OrtValue.ortvalue_from_numpy
        self._binding = engine.session.io_binding()
        for name, tensor in cache.items():
            self._binding.bind_ortvalue_input(f"past_key_values.{name}", tensor)
            self._binding.bind_ortvalue_output(f"present.{name}", tensor)
        self._fixed = {
            "input_ids": self._value(np.zeros((batch, 1), np.int64)),
            "past_lengths": self._value(np.zeros(batch, np.int32)),
            "total_length": self._value(np.zeros((), np.int32)),
        }
        self._logits = self._value(np.zeros((batch, 1, engine.vocabulary_size), np.float32))
        self._bind_fixed()

    def _bind_fixed(self) -> None:
        for name, tensor in self._fixed.items():
            self._binding.bind_ortvalue_input(name, tensor)
        self._binding.bind_ortvalue_output("logits", self._logits)

    def run(self, ids: NDArray[np.int64], last: NDArray[np.int32]) -> Logits:
        total = np.array(last.max() + 1, np.int32)
        if ids.shape[1] > 1:
            self._binding.bind_ortvalue_input("input_ids", self._value(ids))
            self._binding.bind_ortvalue_input("past_lengths", self._value(last))
            self._binding.bind_ortvalue_input("total_length", self._value(total))
            self._binding.bind_output("logits", "cpu")
            self.engine.session.run_with_iobinding(self._binding)
            logits: Logits = self._binding.get_outputs()[-1].numpy()
            self._bind_fixed()
            return logits
        self._fixed["input_ids"].update_inplace(ids)
        self._fixed["past_lengths"].update_inplace(last)
        self._fixed["total_length"].update_inplace(total)
        self.engine.session.run_with_iobinding(self._binding)
        step: Logits = self._logits.numpy()
        return step
