"""Notes a second of the shipped engine against `transformers.generate` with the same weights; the share of masks.

    python docs/benchmarks/speed.py --rounds 5

Both write a row of the same number of ids with a cache at batch 1, one thread each, after the same controls; ours under
all rules, theirs under none. Figures are medians over the rounds, the ratio is of neighbours in time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaForCausalLM

import symbolic_music as sm
from symbolic_music.composer import Composer, controls
from symbolic_music.engine.sampling import Sampling
from symbolic_music.resources import resource
from symbolic_music.rules import Matcher, limits
from symbolic_music.tokens.vocabulary import Kind, vocabulary

IDS = 400


def ours(engine: sm.OnnxEngine, brief: sm.Brief, seed: int) -> dict[str, float]:
    """Write one piece; seconds a note and an id, and the shares of masks and of sampling."""
    v, sampling, rng = vocabulary(), Sampling(), np.random.default_rng(seed)
    matcher, session = Matcher(limits(brief), v), engine.open(1)
    logits = session.feed([controls(brief) + matcher.forced()])
    mask_time = draw_time = 0.0
    ids = notes = 0
    start = time.perf_counter()
    while not matcher.done and ids < IDS:
        t0 = time.perf_counter()
        allowed = matcher.allowed()
        t1 = time.perf_counter()
        token = sampling.draw(logits[0], allowed, rng)
        t2 = time.perf_counter()
        matcher.accept(token)
        run = [token, *matcher.forced()]
        t3 = time.perf_counter()
        mask_time, draw_time = mask_time + t1 - t0 + t3 - t2, draw_time + t2 - t1
        ids, notes = ids + len(run), notes + sum(v.kind[i] in (Kind.PITCH, Kind.PITCHDRUM) for i in run)
        if not matcher.done:
            logits = session.feed([run])
    total = time.perf_counter() - start
    return {"ids": ids / total, "notes": notes / total, "masks": mask_time / total, "sampling": draw_time / total}


def theirs(net: LlamaForCausalLM, prompt: list[int], seed: int) -> dict[str, float]:
    """`generate` with sampling at the same temperature and top-p."""
    torch.manual_seed(seed)
    v, x = vocabulary(), torch.tensor([prompt])
    start = time.perf_counter()
    out = net.generate(
        x,
        attention_mask=torch.ones_like(x),
        do_sample=True,
        top_p=0.98,
        top_k=0,
        max_new_tokens=IDS,
        min_new_tokens=IDS,
    )
    total = time.perf_counter() - start
    new = out[0, len(prompt) :].numpy()
    return {"ids": len(new) / total, "notes": float(np.isin(v.kind[new], (Kind.PITCH, Kind.PITCHDRUM)).sum()) / total}


def batched(engine: sm.OnnxEngine, brief: sm.Brief, rows: int) -> float:
    """Notes a second over several rows side by side."""
    composer = Composer(engine)
    start = time.perf_counter()
    pieces = composer.batch([brief] * rows, seeds=range(rows))
    return sum(len(p.score.notes) for p in pieces) / (time.perf_counter() - start)


def main() -> None:
    """Run the rounds and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    engine = sm.OnnxEngine()
    net = LlamaForCausalLM.from_pretrained(resource("weights"), dtype=torch.float32).eval()
    brief = sm.Brief(genre="folk", only="A B C# F# G", instruments=["guitar", "violin", "double bass"], bars=64)
    prompt = controls(brief) + Matcher(limits(brief), vocabulary()).forced()
    rounds = []
    for seed in range(args.rounds + 1):
        pair = ours(engine, brief, seed), theirs(net, prompt, seed)
        if seed:  # the first warms up
            rounds.append(pair)
    short = brief.replace(bars=8)
    middle = statistics.median
    result = {
        "rounds": args.rounds,
        "ours_ids_per_second": round(middle(a["ids"] for a, _ in rounds)),
        "ours_notes_per_second": round(middle(a["notes"] for a, _ in rounds)),
        "transformers_ids_per_second": round(middle(b["ids"] for _, b in rounds)),
        "transformers_notes_per_second": round(middle(b["notes"] for _, b in rounds)),
        "ratio_ids": round(middle(a["ids"] / b["ids"] for a, b in rounds), 2),
        "ratio_notes": round(middle(a["notes"] / max(b["notes"], 1e-9) for a, b in rounds), 2),
        "share_of_masks_percent": round(100 * middle(a["masks"] for a, _ in rounds), 2),
        "share_of_sampling_percent": round(100 * middle(a["sampling"] for a, _ in rounds), 2),
        "batch_1_notes_per_second": round(middle(batched(engine, short, 1) for _ in range(3))),
        "batch_8_notes_per_second": round(middle(batched(engine, short, 8) for _ in range(3))),
    }
    print(json.dumps(result, indent=1))
    (Path(__file__).parent / "speed.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
