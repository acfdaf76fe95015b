"""Screenshots of every view in use, light and dark, at 100 and 200 %.

``python -m tests.gui.screenshots OUT`` first trains two small networks on an embedded dataset;
``--run RUN`` shows an existing run instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_STEPS = 300


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gui.screenshots", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--run", type=Path, help="a trained run to show")
    parser.add_argument("--steps", type=int, default=_STEPS, help="of training, without --run")
    parser.add_argument("--one", choices=["light", "dark"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        from tests.gui.photographer import Photographer

        Photographer(asked.out, asked.run, asked.one).work()
        return 0
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        for name in ("RUNS", "CONFIG", "CACHE"):
            os.environ[f"DDPM_STUDIO_{name}"] = str(own / name.lower())
        run = asked.run
        if run is None:
            run = _trained(own / "runs" / "fashion-mnist", asked.steps)
            # A second run, whose curves are laid over the first's.
            _trained(own / "runs" / "faster", asked.steps // 4, learning_rate=1e-3)
        for scale in ("1", "2"):
            for theme in ("light", "dark"):
                words = [sys.executable, "-m", "tests.gui.screenshots", str(asked.out)]
                environment = {
                    "QT_QPA_PLATFORM": "offscreen",
                    "QT_SCALE_FACTOR": scale,
                    "DDPM_STUDIO_CONFIG": str(_fresh(own / "config")),
                }
                subprocess.run(
                    [*words, "--run", str(run), "--one", theme],
                    env=os.environ | environment,
                    check=True,
                )
    return 0


def _fresh(config: Path) -> Path:
    """Empty the settings folder, so that each process begins with the default layout.

    The measured speed of the machine is kept: measuring it once is enough.
    """
    if config.is_dir():
        for path in config.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "machine.json":
                path.unlink()
    return config


def _trained(run: Path, steps: int, learning_rate: float = 2e-4) -> Path:
    """Train a run on the embedded Fashion-MNIST set; prints its steps on stderr."""
    from ddpm_studio.data.samples import sample_sets
    from ddpm_studio.jobs import train
    from ddpm_studio.jobs.events import TrainTick
    from ddpm_studio.requests import TrainRequest

    chosen = next(sample for sample in sample_sets() if sample.name == "fashion-mnist")
    request = TrainRequest(
        steps=steps,
        device="cpu",
        sample_every=max(1, steps // 5),
        learning_rate=learning_rate,
    )
    for event in train([chosen.path], run, request, chosen.options):
        if isinstance(event, TrainTick):
            print(f"step {event.step} of {event.total}", file=sys.stderr)
    return run


if __name__ == "__main__":
    sys.exit(main())
