"""Example scripts: each runs, with few steps, and draws what it promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ddpm_studio as ds
from ddpm_studio import catalogue
from ddpm_studio.paths import examples_dir
from tests.examples.conftest import Load

GAP, SIDE = 2, 16
# Options of each figure's script, and the size in pictures of the grid that it draws.
FIGURES = {
    "figure_6_progressive_generation": (["--count", "2", "--steps", "5", "--frames", "3"], 3, 2),
    "figure_7_shared_latents": (["--count", "2", "--steps", "5"], 3, 4),
    "figure_8_interpolation": (["--steps-lambda", "3", "--steps", "5"], 5, 5),
}


def cells(count: int) -> int:
    """Return the width in pixels of ``count`` pictures side by side, at scale 2."""
    return 2 * (count * (SIDE + GAP) - GAP)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_lay_their_pictures_out_in_rows(name: str, load: Load, run: Path) -> None:
    options, columns, rows = FIGURES[name]
    load(name).main(["--run", str(run), "--out", "figure.png", *options])
    with Image.open("figure.png") as figure:
        assert figure.size == (cells(columns), cells(rows))


@pytest.mark.parametrize(
    ("name", "method"),
    [("figure_7_shared_latents", "share"), ("figure_8_interpolation", "interpolate")],
)
def test_a_row_is_drawn_in_its_share_of_the_steps(
    name: str, method: str, load: Load, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 10 steps for T = 20, one for every two timesteps below t, as sampling from T takes."""
    taken: dict[int, int] = {}
    draw = getattr(ds.Run, method)

    def watched(opened: ds.Run, *pictures: Any, **options: Any) -> ds.Drawing:
        drawn: ds.Drawing = draw(opened, *pictures, **options, frames=100)
        taken[options["t"]] = len(drawn.frames) - 1
        return drawn

    monkeypatch.setattr(ds.Run, method, watched)
    load(name).main(["--run", str(run), "--steps", "10"])
    assert taken == {t: max(1, round(t / 2)) for t in taken}
    assert {20, 15, 10, 5} <= taken.keys()


def test_rate_against_distortion(load: Load, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    load("figure_5_rate_distortion").main(["--run", str(run), "--count", "2", "--timesteps", "5"])
    rows = re.findall(r"^ *(\d+) +([\d.]+) +([\d.]+)$", capsys.readouterr().out, re.MULTILINE)
    ts, rates, _ = np.array(rows, float).T
    # Decoded from T down: the rate grows.
    assert ts[0] == 20
    assert (np.diff(ts) < 0).all()
    assert (np.diff(rates) >= 0).all()
    with Image.open("figure-5.png") as figure:
        assert figure.width > figure.height > 100


@pytest.fixture
def renoise(load: Load) -> Iterator[None]:
    load("own_sampler")
    yield
    catalogue.SAMPLERS.remove("renoise")


def test_a_sampler_of_ones_own(load: Load, run: Path, renoise: None) -> None:
    load("own_sampler").main(["--run", str(run)])
    assert {path.name for path in Path("renoise").iterdir()} == {
        "keep-0.png",
        "keep-0.5.png",
        "keep-1.png",
    }
    opened = ds.open(run)
    drawn = {
        keep: opened.sample(2, sampler="renoise", sampler_options={"keep": keep}, steps=5).pictures
        for keep in (0.0, 1.0)
    }
    ddim = opened.sample(2, sampler="ddim", steps=5).pictures
    np.testing.assert_array_equal(drawn[1.0], ddim)
    assert (drawn[0.0] != ddim).any()


@pytest.fixture
def plain(load: Load) -> Iterator[None]:
    load("own_network")
    yield
    catalogue.NETWORKS.remove("plain")
    catalogue.PRESETS.remove("plain")


def test_a_network_of_ones_own(load: Load, plain: None) -> None:
    load("own_network").main(["--steps", "2"])
    info = ds.open("runs/own-network").info
    assert (info.network["kind"], info.network["hidden"]) == ("plain", 48)
    with Image.open("own-network.png") as drawn:
        assert drawn.size == (6 * (4 * SIDE + 3 * GAP), 6 * (4 * SIDE + 3 * GAP))


@pytest.mark.slow
def test_training(load: Load) -> None:
    load("train").main(["--steps", "2"])
    assert ds.open("runs/example").checkpoints == (2,)
    assert Path("garments.png").is_file()


def test_no_script_is_without_a_test_or_left_out_of_the_list() -> None:
    scripts = {path.stem for path in examples_dir().glob("*.py")}
    tested = {"train", "own_sampler", "own_network", "figure_5_rate_distortion", *FIGURES}
    assert scripts == tested
    listed = re.findall(r"\]\((\S+?)\)", (examples_dir() / "README.md").read_text("utf-8"))
    assert sorted(listed) == sorted(
        path.name for path in examples_dir().iterdir() if path.suffix in (".py", ".ipynb")
    )
