"""From a cold start: importing the package, and composing 8 bars for 3 instruments by the command.

    python docs/benchmarks/cold.py --rounds 5

Whole processes, one after the other; medians. Peak memory is the largest of the runs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = "a folk song for guitar, violin and double bass, 8 bars"
COMMANDS = {
    "import": [sys.executable, "-c", "import symbolic_music"],
    "nothing": [sys.executable, "-c", "pass"],
    "compose": [sys.executable, "-m", "symbolic_music.cli", "compose", WORDS, "-o", "song.mid"],
    "compose_and_render": [sys.executable, "-m", "symbolic_music.cli", "compose", WORDS, "-o", "a.mid", "-o", "a.wav"],
}


def main() -> None:
    """Run the rounds and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    result: dict[str, float] = {"rounds": args.rounds}
    for name, command in COMMANDS.items():
        seconds = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(args.rounds):
                start = time.monotonic()
                subprocess.run(command, check=True, capture_output=True, cwd=folder)
                seconds.append(time.monotonic() - start)
        result[f"{name}_seconds"] = round(statistics.median(seconds), 3)
        # the largest child so far: commands go from small to large
        result[f"{name}_peak_mb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    print(json.dumps(result, indent=1))
    (Path(__file__).parent / "cold.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
