"""Notes and ids a second against `transformers.generate` with the same weights, and how near that is to the limits.

    python docs/benchmarks/speed.py --rounds 5

Both write rows of the same number of ids after the same controls, one row or eight, with as many threads: ours under
all rules, theirs (fp32, its cache as it comes) under none. Ours writes a row on one thread, whatever it is given, so
that with one row a second thread is theirs alone. Everything is measured in turn in every round; figures are medians
over the rounds, ratios are of neighbours in time.

What a step reads is the int8 weights and the row's cache. Two limits are measured: `memory`, numbers read out of an
array larger than any cache of the machine, and `near`, out of an array as large as what a step reads, again and again.
A model this small stays in the processor's last cache, so that its share of the first may be above 100 percent; the
second is the one that binds then.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import torch
from transformers import LlamaForCausalLM

import symbolic_music as sm
from symbolic_music.composer import controls
from symbolic_music.engine.generate import Row, generate
from symbolic_music.engine.sampling import Sampling
from symbolic_music.resources import resource
from symbolic_music.rules import Matcher, limits
from symbolic_music.tokens.vocabulary import Kind, vocabulary

BRIEF = sm.Brief(genre="folk", only="A B C# F# G", instruments=["guitar", "violin", "double bass"], bars=64)
PITCHES = (Kind.PITCH, Kind.PITCHDRUM)
#: Bytes of an array that no cache holds.
FAR = 1 << 28


class Opening(Matcher):
    """A matcher whose row ends after so many ids; it counts the steps."""

    def __init__(self, ids: int) -> None:
        super().__init__(limits(BRIEF), vocabulary())
        self.left, self.steps = ids, -1  # what is forced before the first choice is no step

    @property
    def done(self) -> bool:
        """Whether the row has ended."""
        return self.left <= 0 or super().done

    def accept(self, token: int) -> None:
        """Take an id that is allowed."""
        super().accept(token)
        self.left -= 1

    def forced(self) -> list[int]:
        """The ids up to the next choice."""
        self.steps += 1
        return super().forced()


def row(ids: int, seed: int) -> Row:
    """A row to be written."""
    v = vocabulary()
    return Row(controls(BRIEF), Opening(ids), np.random.default_rng(seed), v.id(Kind.BAR))


def rates(ids: Any, seconds: float) -> dict[str, float]:
    """Ids and notes a second."""
    ids = np.asarray(ids)
    notes = np.isin(vocabulary().kind[ids], PITCHES).sum()
    return {"ids_per_second": ids.size / seconds, "notes_per_second": int(notes) / seconds}


def ours(engine: sm.OnnxEngine, batch: int, length: int, seed: int) -> tuple[dict[str, float], float]:
    """Write rows; the rates, and the steps a second."""
    rows = [row(length, batch * seed + n) for n in range(batch)]
    start = time.perf_counter()
    generate(engine, rows, Sampling())
    seconds = time.perf_counter() - start
    steps = sum(r.guide.steps for r in rows if isinstance(r.guide, Opening))
    return rates([i for r in rows for i in r.ids], seconds), steps / seconds


def theirs(net: Any, prompt: list[int], batch: int, length: int, seed: int) -> dict[str, float]:
    """Write rows by `generate`, sampling at the same temperature and top-p."""
    torch.manual_seed(seed)
    x = torch.tensor([prompt] * batch)
    start = time.perf_counter()
    out = net.generate(
        x,
        attention_mask=torch.ones_like(x),
        do_sample=True,
        top_p=Sampling().top_p,
        top_k=0,
        max_new_tokens=length,
        min_new_tokens=length,
    )
    return rates(out[:, len(prompt) :].numpy(), time.perf_counter() - start)


def bandwidth(size: int, threads: int) -> float:
    """Bytes a second that threads read, each out of an array of its own of `size` bytes."""
    arrays = [np.ones(size // 4, np.float32) for _ in range(threads)]
    times = FAR // size

    def read(array: np.ndarray) -> None:
        for _ in range(times):
            array.max()  # the fastest of NumPy's reductions

    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(read, arrays))
        return threads * times * size / (time.perf_counter() - start)


class Timed:
    """What it is given, with the seconds of its methods summed under a name."""

    def __init__(self, inner: Any, seconds: dict[str, float], name: str) -> None:
        self._inner, self._seconds, self._name = inner, seconds, name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._inner, attribute)
        if not callable(value):
            return value

        def call(*args: Any) -> Any:
            start = time.perf_counter()
            result = value(*args)
            self._seconds[self._name] += time.perf_counter() - start
            return result

        setattr(self, attribute, call)  # found at once the next time
        return call


def shares(engine: sm.OnnxEngine, length: int, seed: int) -> dict[str, float]:
    """Where the time of one row goes."""
    seconds: dict[str, float] = defaultdict(float)
    timed: Any = SimpleNamespace(window=engine.window, open=lambda: Timed(engine.open(), seconds, "model"))
    sampling: Any = Timed(Sampling(), seconds, "sampling")
    guide: Any = Timed(Opening(length), seconds, "masks")
    written = replace(row(length, seed), guide=guide)
    start = time.perf_counter()
    generate(timed, [written], sampling)
    total = time.perf_counter() - start
    return {name: part / total for name, part in seconds.items()} | {"other": 1 - sum(seconds.values()) / total}


def weights_read(engine: sm.OnnxEngine) -> int:
    """Bytes of weights that a step reads: the quantised matrices, with their scales."""
    graph = onnx.load(engine.folder / "model.onnx").graph
    used = {name for node in graph.node if node.op_type == "MatMulNBits" for name in node.input}
    return sum(onnx.numpy_helper.to_array(t).nbytes for t in graph.initializer if t.name in used)


def main() -> None:
    """Run the rounds and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ids", type=int, default=400, help="ids a row")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    args = parser.parse_args()
    engine = sm.OnnxEngine()
    net: Any = LlamaForCausalLM.from_pretrained(resource("weights"), dtype=torch.float32)
    prompt = controls(BRIEF) + Matcher(limits(BRIEF), vocabulary()).forced()
    position = 2 * engine.layers * engine.heads * engine.head_width * 4
    step = weights_read(engine) + position * (len(prompt) + args.ids // 2)  # half of a row is before an id, on average
    cells: dict[tuple[int, int], list[dict[str, float]]] = {}
    parts = []
    for seed in range(args.rounds + 1):
        for threads in args.threads:
            engine.threads = threads
            torch.set_num_threads(threads)
            for batch in args.batches:
                mine, steps = ours(engine, batch, args.ids, seed)
                other = theirs(net, prompt, batch, args.ids, seed)
                busy = min(threads, batch)
                far, near = bandwidth(FAR, busy), bandwidth(step, busy)
                figures = {f"ours_{k}": x for k, x in mine.items()} | {f"transformers_{k}": x for k, x in other.items()}
                figures |= {f"ratio_{k[:-11]}": mine[k] / max(other[k], 1e-9) for k in mine}
                figures |= {"memory_gb_per_second": far / 1e9, "near_gb_per_second": near / 1e9}
                figures["share_of_memory_percent"] = 100 * steps * step / far
                figures["share_of_near_percent"] = 100 * steps * step / near
                if seed:  # the first warms up
                    cells.setdefault((threads, batch), []).append(figures)
        parts.append(shares(engine, args.ids, seed))

    def medians(rounds: list[dict[str, float]], scale: float = 1) -> dict[str, float]:
        return {k: float(f"{scale * statistics.median(r[k] for r in rounds):.3g}") for k in rounds[0]}

    result = {
        "rounds": args.rounds,
        "ids_a_row": args.ids,
        "cores": os.cpu_count(),
        "weights_mb_a_step": round(weights_read(engine) / 1e6, 2),
        "cache_kb_a_position": round(position / 1e3, 2),
        "read_mb_a_step": round(step / 1e6, 2),
        "shares_of_one_row_percent": medians(parts[1:], 100),
        "runs": [{"threads": threads, "batch": batch} | medians(rounds) for (threads, batch), rounds in cells.items()],
    }
    print(json.dumps(result, indent=1))
    (Path(__file__).parent / "speed.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
