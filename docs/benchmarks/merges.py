"""The tokenizer, by measurement: no merges against byte-pair encoding, at equal training compute.

    python docs/benchmarks/merges.py data --sizes 0 2000 8000 --steps 500
    python docs/benchmarks/merges.py data --speed

Models of one shape (6 layers, 256 wide) learn from the same mix with the same optimizer. Rows are as many ids long for
each, so that merges see more music in a row. Steps are cut in proportion to what a larger softmax costs, so that all
spend the same number of multiplications. Counted: bits per note on held-out real pieces (their openings, the same
notes for each), ids a note. Results are kept after every model. `--speed` measures ids a second of the bare int8 model
with each vocabulary, in turn within one run, and divides them by the ids a note: what merges could gain at most, since
the rules would still have to look into every merged id.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from transformers import LlamaConfig, LlamaForCausalLM

from symbolic_music.engine.onnx import OnnxEngine, OnnxSession
from symbolic_music.tokens.merges import Merges
from symbolic_music.tokens.vocabulary import Kind, vocabulary
from symbolic_music.training.bits import notes_in, validation_rows
from symbolic_music.training.dataset import Rows, Shards
from symbolic_music.training.export import to_onnx
from symbolic_music.training.merges import learned
from symbolic_music.training.recipe import Recipe
from symbolic_music.training.train import optimizers

LAYERS, WIDTH, INNER = 6, 256, 688


def net_of(size: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size, hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=LAYERS,
            num_attention_heads=WIDTH // 64, num_key_value_heads=WIDTH // 64, max_position_embeddings=4096,
            tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        )
    )  # fmt: skip


def cost(size: int) -> float:
    """Multiplications an id, in millions."""
    return (LAYERS * (4 * WIDTH**2 + 3 * WIDTH * INNER) + size * WIDTH) / 1e6


def masked(batch: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """The batch with the controls left out of the loss."""
    kinds = kind[batch]
    opens = np.isin(kinds, (Kind.BOS, Kind.BAR, Kind.FUTURE))
    last = np.maximum.accumulate(np.where(opens, np.arange(batch.shape[1]), 0), axis=1)
    return np.where(np.take_along_axis(kinds, last, 1) == Kind.BOS, -100, batch)


def stream(rows: Rows, merges: Merges, length: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    rest = np.zeros(0, np.int32)
    while True:
        made = []
        while len(made) < size:
            while len(rest) < length:
                rest = np.concatenate([rest, merges.encode(rows.row(rng))])
            made.append(rest[:length])
            rest = np.zeros(0, np.int32)
        yield np.stack(made).astype(np.int64)


@torch.no_grad()
def bits(net: LlamaForCausalLM, rows: list[np.ndarray], merges: Merges) -> float:
    """Bits per note; the cost of every id after the controls."""
    net.eval()
    total = 0.0
    for row in rows:
        ids = merges.encode(row)
        x = torch.from_numpy(ids.astype(np.int64))[None]
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(input_ids=x[:, :-1], use_cache=False).logits[0].float()
        losses = torch.nn.functional.cross_entropy(logits, x[0, 1:], reduction="none")
        body = int(np.argmax(merges.kind[ids] == Kind.BAR))
        total += losses[body - 1 :].sum().item() / np.log(2)
    net.train()
    return total / sum(map(notes_in, rows))


def opened(size: int, folder: Path) -> OnnxSession:
    """A session of an untrained int8 model with so many ids."""
    net = net_of(size)
    net.config.update({"window": 1024})
    net.config.save_pretrained(folder)
    to_onnx(net, folder / "model.onnx")
    return OnnxEngine(folder, threads=1).open()


def speeds(found: dict[str, dict[str, float]], rounds: int = 7, ids: int = 400) -> None:
    """Add ids and notes a second to the results: medians over rounds in which each vocabulary has its turn."""
    with tempfile.TemporaryDirectory() as place:
        folders = {name: Path(place) / name for name in found}
        for folder in folders.values():
            folder.mkdir()
        sessions = {name: opened(max(int(name), len(vocabulary())), folders[name]) for name in found}
        taken: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(rounds):
            for name, session in sessions.items():
                session.restart()
                session.feed([1] * 100)
                began = time.perf_counter()
                for _ in range(ids):
                    session.feed([1])
                taken[name].append(ids / (time.perf_counter() - began))
    for name, row in found.items():
        row["ids a second"] = round(float(np.median(taken[name])))
        row["notes a second at most"] = round(float(np.median(taken[name])) / row["ids a note"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 2000, 8000])
    parser.add_argument("--steps", type=int, default=500, help="for the model without merges")
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--speed", action="store_true")
    args = parser.parse_args()
    if args.speed:
        found = json.loads(args.out.read_text())
        speeds(found)
        args.out.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1))
        return
    shards = Shards(args.data, "train")
    sample = Rows(shards, 1024)
    rng = np.random.default_rng(0)
    corpus = [sample.row(rng) for _ in range(6000)]
    held = validation_rows(args.data, 768)
    found = json.loads(args.out.read_text()) if args.out.exists() else {}
    for size in args.sizes:
        merges = learned(corpus, size) if size else Merges(())
        ids = sum(len(merges.encode(r)) for r in corpus[:500])
        share, ids_a_note = ids / sum(map(len, corpus[:500])), ids / sum(map(notes_in, corpus[:500]))
        steps = round(args.steps * cost(len(vocabulary())) / cost(merges.size))
        net = net_of(merges.size)
        ids_a_step = args.batch * args.length
        recipe = Recipe(tokens=steps * ids_a_step, batch=ids_a_step, length=args.length, lr=args.lr)
        steppers, draw = optimizers(net, recipe), np.random.default_rng(1)
        batches = stream(Rows(shards, round(args.length / share)), merges, args.length, args.batch, draw)
        began, losses = time.monotonic(), []
        for step in tqdm(range(steps), desc=f"{merges.size} ids", disable=None):
            batch = next(batches)
            x, y = torch.from_numpy(batch), torch.from_numpy(masked(batch, merges.kind))
            with torch.autocast("cpu", torch.bfloat16):
                loss = net(input_ids=x, labels=y, use_cache=False).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            for stepper in steppers:
                for group in stepper.param_groups:
                    group["lr"] = recipe.rate(step)
                stepper.step()
                stepper.zero_grad()
            losses.append(loss.item())
            if step % 50 == 49:
                print(
                    json.dumps({"size": merges.size, "step": step + 1, "loss": round(float(np.mean(losses[-50:])), 3)}),
                    flush=True,
                )
        found[str(merges.size)] = {
            "ids a note": round(sum(len(merges.encode(r)) for r in held) / sum(map(notes_in, held)), 3),
            "steps": steps,
            "ids": steps * args.batch * args.length,
            "notes seen": round(steps * args.batch * args.length / ids_a_note),
            "bits per note": round(bits(net, held, merges), 3),
            "minutes": round((time.monotonic() - began) / 60, 1),
        }  # fmt: skip
        print(json.dumps({str(merges.size): found[str(merges.size)]}), flush=True)
        args.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
