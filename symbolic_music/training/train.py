"""Training: from shards to a checkpoint, resumable by the same command.

    python -m symbolic_music.training.train data -o runs/first --size mini --minutes 90

bf16 autocast; Muon for the matrices (K. Jordan et al., 2024, in PyTorch) and
AdamW for the rest; the learning rate warms up, then falls as a cosine over the
minutes asked for, time before a restart included. Rows are `--length` ids long,
twice as long for the last part, so that the model learns to look back further.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from symbolic_music.tokens.vocabulary import Kind, vocabulary
from symbolic_music.training.bits import bits_per_note, validation_rows
from symbolic_music.training.dataset import Rows, Shards
from symbolic_music.training.model import SIZES, model

#: The share of the time after which rows are twice as long.
LONG_FROM = 0.7


@dataclass
class Progress:
    """Where a run stands; saved with every checkpoint."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    log: list[dict[str, float]] = field(default_factory=list)


def rate(done: float, warmup: float = 0.02) -> float:
    """The learning rate's factor when a share `done` of the time has gone.

    >>> rate(0.01), round(rate(1.0), 3)
    (0.5, 0.02)
    """
    if done < warmup:
        return done / warmup
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min((done - warmup) / (1 - warmup), 1.0)))


def targets(batch: NDArray[np.int64]) -> NDArray[np.int64]:
    """The batch with the controls masked out: they are given, never written.

    Shape [rows, length] both ways; -100 is what the loss leaves out.
    """
    v = vocabulary()
    kind = v.kind[batch]
    opens = (kind == Kind.BOS) | (kind == Kind.BAR) | (kind == Kind.FUTURE)
    last = np.maximum.accumulate(np.where(opens, np.arange(batch.shape[1]), 0), axis=1)
    control = np.take_along_axis(kind, last, 1) == Kind.BOS
    return np.where(control, -100, batch)


class Optimizers:
    """Muon for the layers' matrices, AdamW for embeddings and norms."""

    def __init__(self, net: torch.nn.Module, lr: float) -> None:
        matrices = [p for n, p in net.named_parameters() if p.ndim == 2 and "embed" not in n]
        rest = [p for n, p in net.named_parameters() if p.ndim != 2 or "embed" in n]
        self.lr = lr
        self.all: tuple[torch.optim.Optimizer, ...] = (
            torch.optim.Muon(matrices, lr=lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        )

    def step(self, factor: float) -> None:
        """One step at a share of the learning rate."""
        for optimizer in self.all:
            for group in optimizer.param_groups:
                group["lr"] = self.lr * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)


def train(
    data: Path, out: Path, *, size: str, minutes: float, length: int, tokens_a_step: int, lr: float, seed: int
) -> None:
    """Train until the minutes are used up; the last checkpoint lies in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(seed)
    net = model(size)
    net.to(device)  # type: ignore[arg-type]  # Transformers wraps torch's method
    optimizers, progress = Optimizers(net, lr), Progress()
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        net.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers.all, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        progress = Progress(**saved["progress"])
    shards, rows = Shards(data, "train"), validation_rows(data, length)
    rng = np.random.default_rng([seed, progress.step])
    last_save, clock = time.monotonic(), time.monotonic()
    bar = tqdm(total=round(minutes * 60), initial=round(progress.seconds), unit="s", desc="train", disable=None)

    def save() -> None:
        state = {
            "model": net.state_dict(),
            "optimizers": [o.state_dict() for o in optimizers.all],
            "progress": vars(progress),
        }
        torch.save(state, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").rename(checkpoint)
        (out / "log.json").write_text(json.dumps(progress.log, indent=1))

    def batches(long: bool) -> Iterator[NDArray[np.int64]]:
        width = 2 * length if long else length
        return Rows(shards, width).batches(max(1, tokens_a_step // width), rng)

    done = progress.seconds / (minutes * 60)
    stream, long = batches(done >= LONG_FROM), done >= LONG_FROM
    while done < 1:
        if not long and done >= LONG_FROM:
            stream, long = batches(True), True
        batch = next(stream)
        x, y = torch.from_numpy(batch).to(device), torch.from_numpy(targets(batch)).to(device)
        with torch.autocast(device, torch.bfloat16):
            loss = net(input_ids=x, labels=y, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizers.step(rate(done))
        now = time.monotonic()
        progress.step, progress.tokens = progress.step + 1, progress.tokens + batch.size
        progress.seconds, clock = progress.seconds + now - clock, now
        done = progress.seconds / (minutes * 60)
        bar.update(round(progress.seconds) - bar.n)
        entry = {"step": progress.step, "tokens": progress.tokens, "minutes": round(progress.seconds / 60, 2)}
        if progress.step % 20 == 0:
            progress.log.append({**entry, "loss": round(loss.item(), 4)})
            print(json.dumps(progress.log[-1]), flush=True)
        if now - last_save > 480 or done >= 1:
            bits = bits_per_note(net, rows if done >= 1 else rows[:24], device)
            progress.log.append({**entry, "bits_per_note": round(bits, 4)})
            print(json.dumps(progress.log[-1]), flush=True)
            save()
            last_save = clock = time.monotonic()
    bar.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="the shards that training.corpus wrote")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/first"))
    parser.add_argument("--size", choices=SIZES, default="mini")
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--length", type=int, default=1024, help="ids a row")
    parser.add_argument("--tokens-a-step", type=int, default=8192)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    train(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
