"""Python API with non-square pictures in RGB, RGBA, gray + alpha and five bands."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import ddpm_studio as ds
from ddpm_studio.data import read_picture
from tests import narrow
from tests.recipe import PAPER
from tests.shapes import CHANNELS, HEIGHT, WIDTH, options_of, seen, shape_of, write_shapes

FEW: dict[str, Any] = {"sampler": "ddim", "steps": 2}
# Pillow's mode of a picture or its preview, by number of channels.
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA", 5: "RGB"}


@pytest.fixture(scope="module", params=CHANNELS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def run(kind: str, tmp_path_factory: pytest.TempPathFactory) -> ds.Run:
    folder = tmp_path_factory.mktemp("shapes")
    source, _ = write_shapes(folder / "data", kind)
    with narrow.network():
        return ds.train(
            source,
            run=folder / "run",
            image_size=(WIDTH, HEIGHT),
            channels=options_of(kind).channels,
            steps=2,
            batch_size=1,
            timesteps=8,
            sample_count=0,
            device="cpu",
            precision="float32",
            progress=False,
            **PAPER,
        )


@pytest.fixture
def picture(kind: str) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, shape_of(kind), np.uint8)


def test_a_run_tells_width_by_height(run: ds.Run, kind: str) -> None:
    assert f"96 × 64 px, {CHANNELS[kind]} channels" in repr(run)


def test_what_is_drawn_has_every_channel(
    run: ds.Run, kind: str, picture: npt.NDArray[np.uint8], tmp_path: Path
) -> None:
    shape, channels = shape_of(kind), CHANNELS[kind]
    drawn = run.sample(2, seed=7, **FEW)
    assert np.asarray(drawn).shape == (2, *shape)
    assert f"2 pictures of 96 × 64 × {channels}" in repr(drawn)
    path = drawn.save(tmp_path / "grid.png")
    whole = read_picture(path, alpha=True)
    np.testing.assert_array_equal(whole[:HEIGHT, :WIDTH], drawn[0])

    shared = run.share(picture, count=1, t=4, **FEW)
    assert np.asarray(shared).shape == (1, *shape)
    latent = run.encode(picture, t=4)
    np.testing.assert_array_equal(run.share(latent, count=1, **FEW), shared)
    assert latent.pictures.shape == (1, *shape)

    mixed = run.interpolate(picture, drawn[0], t=0, steps_lambda=2)
    np.testing.assert_array_equal(mixed[0], picture)
    np.testing.assert_array_equal(mixed[-1], seen(drawn[0]))
    walked = run.walk([picture, drawn[1]], t=4, **FEW)
    assert walked.pictures.shape[1:] == shape

    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:, :40] = True
    filled = run.inpaint(picture, mask, count=1, steps=2, jump=1, resamplings=1)
    np.testing.assert_array_equal(filled[0][:, 40:], picture[:, 40:])

    near = run.neighbours(picture, count=2)
    assert np.asarray(near).shape == (2, *shape)


def test_bits_of_arrays_and_of_what_it_learnt(run: ds.Run, picture: npt.NDArray[np.uint8]) -> None:
    assert np.isfinite(float(run.bits(count=1, timesteps=3)))
    measured = run.bits(picture[None], count=1, timesteps=3)
    assert np.isfinite(measured.total)
    assert measured.pictures == 1


def test_a_picture_is_the_same_as_array_image_and_file(
    run: ds.Run, kind: str, picture: npt.NDArray[np.uint8], tmp_path: Path
) -> None:
    wanted = run.encode(picture, t=2).x_t
    drawn = ds.Drawing(picture[None], {"kind": "test"})
    file = drawn.save(tmp_path / "a.png")
    np.testing.assert_array_equal(run.encode(file, t=2).x_t, wanted)
    if kind != "5 bands":
        image = Image.fromarray(picture)
        assert image.mode == MODES[CHANNELS[kind]]
        np.testing.assert_array_equal(run.encode(image, t=2).x_t, wanted)


def test_notebooks_show_colours_transparency_and_chosen_bands(
    kind: str, picture: npt.NDArray[np.uint8]
) -> None:
    drawn = ds.Drawing(picture[None], {"kind": "test"})
    channels, visible = CHANNELS[kind], picture if kind != "5 bands" else picture[..., :3]
    shown = Image.open(io.BytesIO(drawn._repr_png_() or b""))
    assert shown.mode == MODES[channels]
    assert shown.size == (4 * WIDTH, 4 * HEIGHT)
    np.testing.assert_array_equal(np.asarray(shown)[::4, ::4], visible)
    if kind == "5 bands":
        chosen = np.asarray(drawn.image(bands=(5, 4, 1), scale=1))
        np.testing.assert_array_equal(chosen, picture[..., [4, 3, 0]])
        with pytest.raises(ds.StudioError, match=r"bands: .*numbered 1 to 5"):
            drawn.image(bands="6,1,2")
    else:
        with pytest.raises(ds.StudioError, match="seen as it is"):
            drawn.image(bands=(3, 2, 1))


def test_a_moving_one_keeps_its_transparency_in_notebooks(run: ds.Run, kind: str) -> None:
    moving = run.sample(1, frames=3, **FEW)
    bundle = moving._repr_mimebundle_()
    has_alpha = CHANNELS[kind] in (2, 4)
    content = base64.b64decode(bundle["image/png" if has_alpha else "image/gif"])
    film = Image.open(io.BytesIO(content))
    assert getattr(film, "n_frames", 1) == 3
    assert has_alpha == ("A" in film.mode)
    assert film.size == (4 * WIDTH, 4 * HEIGHT)


def test_diffusers_both_ways_with_the_same_pixels(run: ds.Run, kind: str, tmp_path: Path) -> None:
    from diffusers import DDPMPipeline

    from ddpm_studio.cli import run as terminal

    model = run.export_diffusers(tmp_path / "model")
    unet = DDPMPipeline.from_pretrained(model).unet
    assert unet.config.sample_size == [HEIGHT, WIDTH]
    assert unet.config.in_channels == unet.config.out_channels == CHANNELS[kind]
    assert terminal(["import", str(model), "--run", str(tmp_path / "back")]) == 0
    back = ds.open(tmp_path / "back", progress=False)
    assert f"96 × 64 px, {CHANNELS[kind]} channels" in repr(back)
    np.testing.assert_array_equal(back.sample(1, seed=3, **FEW), run.sample(1, seed=3, **FEW))
