"""Non-square pictures in RGB, RGBA, gray + alpha or bands: training and all drawing commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ddpm_studio.cli import run
from ddpm_studio.data import read_picture
from ddpm_studio.jobs.library.preview_sheets import read_preview
from tests import narrow
from tests.cli.conftest import Terminal
from tests.recipe import PAPER_WORDS
from tests.shapes import CHANNELS, HEIGHT, WIDTH, options_of, seen, shape_of, write_shapes

STEPS = 20
MODES = {"RGB": "RGB", "RGBA": "RGBA", "gray + alpha": "LA", "5 bands": "RGB"}


@dataclass(frozen=True)
class Trained:
    kind: str
    run: Path
    picture: Path
    """One of those that it learnt from."""

    @property
    def shape(self) -> tuple[int, int, int]:
        return shape_of(self.kind)


@pytest.fixture(scope="module", params=CHANNELS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    kind = request.param
    folder = tmp_path_factory.mktemp("shapes")
    source, picture = write_shapes(folder / "data", kind)
    channels = options_of(kind).channels
    words: list[object] = ["train", source, "--run", folder / "run", "--steps", STEPS, *PAPER_WORDS]
    words += [
        "--image-size",
        "96x64",
        "--batch-size",
        1,
        "--timesteps",
        8,
        "--device",
        "cpu",
        "--precision",
        "float32",
    ]
    words += ["--sample-count", 2, "--seed", 1, "--channels", channels]
    with narrow.network():
        assert run([str(word) for word in words]) == 0
    return Trained(kind, folder / "run", picture)


def _opened(path: Path) -> tuple[str, tuple[int, int], int]:
    with Image.open(path) as image:
        return image.mode, image.size, getattr(image, "n_frames", 1)


def _whole(path: Path) -> npt.NDArray[np.uint8]:
    return read_picture(path, alpha=True)


def test_the_run_tells_width_by_height(trained: Trained, terminal: Terminal) -> None:
    said = terminal("info", trained.run)
    assert f"Pictures     96 × 64, {trained.kind}" in said.out
    told = json.loads(terminal("info", trained.run, "--json").out)
    assert (told["width"], told["height"], told["channels"]) == (96, 64, CHANNELS[trained.kind])


def test_previews_are_read_as_they_were_drawn(trained: Trained) -> None:
    grid = read_preview(trained.run / "samples" / f"step-{STEPS:08}.png")
    assert grid.raw.shape == grid.ema.shape == (2, *trained.shape)
    assert grid.step == STEPS


def test_sample_and_the_frames_of_an_animation(
    trained: Trained, terminal: Terminal, tmp_path: Path
) -> None:
    out, moving = tmp_path / "out.png", tmp_path / "way.apng"
    words = ["sample", trained.run, "--out", out, "--gif", moving, "--count", 2, "--steps", 4]
    assert terminal(*words, "--frames", 3, "--sampler", "ddim", "--columns", 2).code == 0
    assert _opened(out) == (MODES[trained.kind], (2 * WIDTH + 2, HEIGHT), 1)
    assert _whole(out).shape == (HEIGHT, 2 * WIDTH + 2, CHANNELS[trained.kind])
    mode, size, frames = _opened(moving)
    assert (mode, frames) == (MODES[trained.kind], 3)
    assert size[0] > size[1]


@pytest.mark.parametrize("sampler", ["ddpm", "dpm++2m", "heun", "sde", "pc", "ode"])
def test_every_sampler_draws_such_pictures(
    trained: Trained, terminal: Terminal, tmp_path: Path, sampler: str
) -> None:
    out = tmp_path / "out.png"
    words = ["sample", trained.run, "--out", out, "--count", 1, "--steps", 2]
    assert terminal(*words, "--sampler", sampler).code == 0
    assert _whole(out).shape == trained.shape


def test_share_interpolate_and_fill_in(
    trained: Trained, terminal: Terminal, tmp_path: Path
) -> None:
    shared, mixed, filled = (tmp_path / f"{name}.png" for name in ("shared", "mixed", "filled"))
    few = ["--steps", 4]
    share = ["share", trained.run, trained.picture, "--out", shared, "--count", 1, "--t", 4]
    assert terminal(*share, *few).code == 0
    assert _whole(shared).shape == trained.shape
    # A drawn picture can be an input, with all its bands.
    mix = ["interpolate", trained.run, trained.picture, shared, "--out", mixed, "--t", 0]
    assert terminal(*mix, "--steps-lambda", 2, "--columns", 1).code == 0
    ends = _whole(mixed)
    assert ends.shape == (2 * HEIGHT + 2, WIDTH, CHANNELS[trained.kind])
    np.testing.assert_array_equal(ends[-HEIGHT:], seen(_whole(shared)))
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    fill = ["inpaint", trained.run, shared, "--mask", tmp_path / "mask.png", "--out", filled]
    assert terminal(*fill, *few, "--count", 1, "--jump", 1, "--resamplings", 1).code == 0
    kept = _whole(filled)[:, WIDTH // 2 :]
    np.testing.assert_array_equal(kept, seen(_whole(shared))[:, WIDTH // 2 :])


def test_bits_and_neighbours(trained: Trained, terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("bits", trained.run, "--count", 1, "--timesteps", 3, "--json")
    assert said.code == 0
    out = tmp_path / "near.png"
    words = ["neighbours", trained.run, trained.picture, "--out", out, "--count", 2, "--json"]
    said = terminal(*words)
    assert said.code == 0, said.err
    assert _opened(out)[0] == MODES[trained.kind]


def test_diffusers_both_ways(trained: Trained, terminal: Terminal, tmp_path: Path) -> None:
    model, back = tmp_path / "model", tmp_path / "back"
    assert terminal("export", trained.run, "--diffusers", model).code == 0
    config = json.loads((model / "unet" / "config.json").read_text())
    assert (config["sample_size"], config["in_channels"]) == ([64, 96], CHANNELS[trained.kind])
    assert terminal("import", model, "--run", back).code == 0
    told = json.loads(terminal("info", back, "--json").out)
    assert (told["width"], told["height"], told["channels"]) == (96, 64, CHANNELS[trained.kind])


@pytest.fixture
def bands(trained: Trained) -> Trained:
    if trained.kind != "5 bands":
        pytest.skip("of bands alone")
    return trained


def test_other_bands_are_shown_on_request(
    bands: Trained, terminal: Terminal, tmp_path: Path
) -> None:
    first, chosen = tmp_path / "first.png", tmp_path / "chosen.png"
    words = ["sample", bands.run, "--count", 1, "--steps", 1, "--sampler", "ddim"]
    assert terminal(*words, "--out", first).code == 0
    assert terminal(*words, "--out", chosen, "--bands", "5,4,1").code == 0
    whole = _whole(first)
    np.testing.assert_array_equal(whole, _whole(chosen))
    for path, shown in ((first, (0, 1, 2)), (chosen, (4, 3, 0))):
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), whole[..., list(shown)])
    before = first.stat().st_mtime_ns
    assert "numbered 1 to 5" in terminal(*words, "--out", first, "--bands", "6,1,2").error
    assert first.stat().st_mtime_ns == before
    assert "three numbers" in terminal(*words, "--out", first, "--bands", "a").err


def test_a_gif_tells_that_it_has_no_alpha(
    trained: Trained, terminal: Terminal, tmp_path: Path
) -> None:
    words = ["sample", trained.run, "--out", tmp_path / "a.png", "--gif", tmp_path / "a.gif"]
    said = terminal(*words, "--count", 1, "--steps", 2, "--frames", 2, "--sampler", "ddim")
    assert said.code == 0
    assert ("laid over white" in said.err) == (CHANNELS[trained.kind] in (2, 4))


def test_bands_are_looked_at_before_anything_is_drawn(
    trained: Trained, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every drawing command refuses bands that do not exist, before it loads the model."""
    from ddpm_studio.jobs.drawing.models import ModelStore

    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(ModelStore, "get", loaded)
    out, picture = tmp_path / "out.png", trained.picture
    wrong = ["--out", out, "--bands", "6,2,1"]
    why = "numbered 1 to 5" if trained.kind == "5 bands" else "is seen as it is"
    assert why in terminal("sample", trained.run, *wrong).error
    assert why in terminal("share", trained.run, *wrong).error
    assert why in terminal("interpolate", trained.run, picture, picture, *wrong).error
    assert why in terminal("inpaint", trained.run, picture, "--mask", picture, *wrong).error
    assert why in terminal("neighbours", trained.run, picture, *wrong).error


def test_neighbours_show_the_bands_that_are_chosen(
    bands: Trained, terminal: Terminal, tmp_path: Path
) -> None:
    out = tmp_path / "near.png"
    words = ["neighbours", bands.run, bands.picture, "--count", 1, "--bands", "5,4,1"]
    assert "--out" in terminal(*words).error
    assert terminal(*words, "--out", out, "--columns", 2).code == 0
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), _whole(out)[..., [4, 3, 0]])
