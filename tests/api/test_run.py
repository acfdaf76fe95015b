from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ddpm_studio as ds
from ddpm_studio.api.pictures import as_paths, on_disk
from ddpm_studio.cli import run as terminal
from ddpm_studio.jobs import ModelStore, encode_picture, interpolate, load_picture, sample, share
from ddpm_studio.requests import EncodeRequest, InterpolateRequest, SampleRequest, ShareRequest
from ddpm_studio.runs import Checkpoint
from tests.jobs.conftest import run_read_by
from tests.report_pages import read


@pytest.fixture
def first(pictures: Path) -> Path:
    return pictures / "0.png"


def test_a_run_tells_what_it_is(opened: ds.Run, pictures: Path) -> None:
    assert opened.checkpoints == (4,)
    assert opened.info.data is not None
    assert opened.info.data.count == 10
    assert opened.settings is not None
    assert opened.settings.batch_size == 4
    assert "step 4 of 4" in repr(opened)
    assert "16 px, 3 channels, T = 20" in repr(opened)
    figures = opened.metrics()
    assert figures["step"].tolist() == [1, 2, 3, 4]
    assert np.isfinite(figures["loss"]).all()
    assert np.isfinite(figures["images_per_second"][-1])
    assert figures["loss_by_t"].shape == (4, 20)
    with pytest.raises(ds.StudioError, match="not a run folder"):
        ds.open(pictures)


def test_a_run_of_a_network_that_is_not_here_tells_what_it_is(
    opened: ds.Run, tmp_path: Path
) -> None:
    run = shutil.copytree(opened.path, tmp_path / "run")
    file = run / "run.json"
    info = json.loads(file.read_text())
    info["network"] |= {"kind": "future-net", "width": 32}
    file.write_text(json.dumps(info))
    assert "32 × 16 px, 3 channels, T = 20, a network of the kind future-net" in repr(ds.open(run))


def test_pictures_are_those_of_the_jobs(opened: ds.Run, first: Path) -> None:
    path, models = opened.path, ModelStore()
    options = {"sampler": "ddim", "steps": 3, "seed": 7}
    source = load_picture(first, path)

    wanted = ds.finish(sample(SampleRequest(run=path, count=2, frames=3, **options), models))
    drawing = opened.sample(2, frames=3, **options)
    assert np.array_equal(np.asarray(drawing), wanted.pictures)
    assert drawing.recipe == wanted.recipe
    assert [frame.t for frame in drawing.frames][::2] == [20, 0]
    assert np.array_equal(drawing.frames[-1].x_t, drawing.pictures)

    shared = ds.finish(share(ShareRequest(run=path, count=2, t=10, seed=1), source, models))
    assert np.array_equal(opened.share(first, count=2, seed=1), shared.pictures)  # t: half of T

    ends = [source, wanted.pictures[0]]
    request = InterpolateRequest(run=path, t=5, steps_lambda=3, **options)
    mixed = ds.finish(interpolate(request, ends, models))
    got = opened.interpolate(first, drawing[0], t=5, steps_lambda=3, **options)
    assert np.array_equal(got, mixed.pictures)
    assert got.columns == 3

    latent = ds.finish(encode_picture(EncodeRequest(run=path, t=5), source, models))
    encoded = opened.encode(first, t=5)
    assert np.array_equal(np.asarray(encoded), latent.x_t)
    again = opened.share(encoded, count=1)
    assert again.latent is not None
    assert np.array_equal(encoded.pictures, again.latent)


def test_files_are_those_of_the_terminal(opened: ds.Run, tmp_path: Path) -> None:
    words = ["--sampler", "ddim", "--steps", "3", "--seed", "3", "--device", "cpu"]
    out, gif = tmp_path / "told.png", tmp_path / "told.gif"
    files = ["--out", str(out), "--gif", str(gif), "--frames", "3", "--count", "2"]
    assert terminal(["sample", str(opened.path), *words, *files]) == 0
    options = {"sampler": "ddim", "steps": 3, "seed": 3, "device": "cpu"}
    drawing = opened.sample(2, frames=3, **options)
    assert drawing.save(tmp_path / "own.png").read_bytes() == out.read_bytes()
    assert drawing.save(tmp_path / "own.gif").read_bytes() == gif.read_bytes()


def test_a_picture_may_be_a_path_an_image_or_an_array(opened: ds.Run, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    file = tmp_path / "large.png"
    Image.fromarray(pixels).save(file)
    wanted = opened.encode(file, t=3).x_t
    for given in (str(file), Image.open(file), pixels, Image.fromarray(pixels).convert("RGBA")):
        assert np.array_equal(opened.encode(given, t=3).x_t, wanted)
    gray = pixels[..., 0]
    assert np.array_equal(opened.encode(gray, t=3), opened.encode(Image.fromarray(gray), t=3))
    with pytest.raises(ds.StudioError, match="float64 and shape"):
        opened.encode(pixels / 255)


def test_a_mask_may_be_an_array_or_a_picture(opened: ds.Run, first: Path, tmp_path: Path) -> None:
    mask = np.zeros((16, 16), bool)
    mask[4:12, 6:] = True
    Image.fromarray(mask).save(tmp_path / "mask.png")
    options = {"count": 1, "steps": 3, "resamplings": 1}
    drawing = opened.inpaint(first, mask, **options)
    assert np.array_equal(drawing, opened.inpaint(first, tmp_path / "mask.png", **options))
    picture = load_picture(first, opened.path)
    assert np.array_equal(drawing[0][~mask], picture[~mask])
    assert not np.array_equal(drawing[0][mask], picture[mask])


def test_bits_of_files_and_of_arrays_are_the_same(opened: ds.Run, pictures: Path) -> None:
    learnt = opened.bits(count=3, timesteps=4)
    files = [pictures / f"{k}.png" for k in range(10)]
    assert float(opened.bits(files, count=3, timesteps=4)) == float(learnt)
    arrays = np.stack([np.asarray(Image.open(file)) for file in files])
    for given in (arrays, list(arrays)):
        assert opened.bits(given, count=3, timesteps=4).bits == learnt.bits
    assert f"{learnt.total:.4f} ±" in repr(learnt)


@pytest.mark.parametrize(
    "options",
    [{"range": "0..4095"}, {"bands": "3,2,1"}, {"labels": "leaf-folders"}, {"layout": "NCHW"}],
    ids=str,
)
def test_arrays_are_not_read_as_the_set_was(
    opened: ds.Run, pictures: Path, tmp_path: Path, options: dict[str, str]
) -> None:
    files = [Image.open(pictures / f"{k}.png") for k in range(3)]
    arrays = np.stack([np.asarray(file) for file in files])
    wanted = opened.bits(arrays, count=3, timesteps=4).bits
    other = ds.open(run_read_by(opened.path, tmp_path / "run", **options))
    for given in (arrays, list(arrays)):
        assert other.bits(given, count=3, timesteps=4).bits == wanted
    mixed = other.interpolate(arrays[0], arrays[1], t=0, steps_lambda=2)
    assert np.array_equal(mixed[0], arrays[0])


def test_dark_scans_are_as_bright_alone_as_in_their_set(opened: ds.Run, tmp_path: Path) -> None:
    scans = np.random.default_rng(0).integers(0, 901, (2, 16, 16, 3)).astype(np.uint16)
    levels = np.rint(scans * (255 / 4095)).astype(np.uint8)
    np.save(tmp_path / "a.npy", scans[:1])
    np.save(tmp_path / "b.npy", scans[1:])
    run = ds.open(run_read_by(opened.path, tmp_path / "run"))
    content = json.loads((run.path / "run.json").read_text())
    content["data"]["ranges"] = "uint16=0..4095"
    (run.path / "run.json").write_text(json.dumps(content))
    ends = tmp_path / "a.npy", tmp_path / "b.npy"
    drawn = run.interpolate(*ends, t=0, steps_lambda=2)
    assert np.array_equal(np.asarray(drawn)[[0, -1]], levels)
    assert np.array_equal(run.encode(ends[0], t=3), run.encode(levels[0], t=3))
    assert run.bits(ends, count=2, timesteps=4).bits == run.bits(levels, count=2, timesteps=4).bits


def test_a_training_picture_is_its_own_neighbour(opened: ds.Run, first: Path) -> None:
    found = opened.neighbours(first, count=2)
    assert found.distances[0] == 0
    assert np.array_equal(found[0], load_picture(first, opened.path))
    assert "2 pictures of 16 × 16 × 3; RMSE 0.00" in repr(found)


def test_weights_are_loaded_once(opened: ds.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Path] = []
    load = Checkpoint.load

    def counted(self: Checkpoint, *arguments: Any) -> Any:
        loads.append(self.path)
        return load(self, *arguments)

    monkeypatch.setattr(Checkpoint, "load", counted)
    for seed in (1, 2):
        opened.sample(1, seed=seed, sampler="ddim", steps=1, weights="raw")
        ds.open(opened.path).share(count=1, t=2, seed=seed, weights="raw")
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda run: run.sample(sede=1), TypeError, "'sede'; it takes steps, variance, seed"),
        (lambda run: run.sample(run="x"), TypeError, "'run'"),
        (lambda run: run.sample(steps=0), ds.StudioError, "steps: must be at least 1"),
        (lambda run: run.sample(sampler="foo"), ds.StudioError, "dpm\\+\\+2m"),
        (
            lambda run: run.sample(eta=0.5),
            ds.StudioError,
            "does not heed it; add sampler ddim",
        ),
        (lambda run: run.sample(sampler_options={"churn": 1}), ds.StudioError, "sampler_options: "),
        (lambda run: run.sample(class_label="cat"), ds.StudioError, "trained without classes"),
        (lambda run: run.export_diffusers("x", weights="emma"), ds.StudioError, "'ema' or 'raw'"),
        (lambda run: run.interpolate(), ds.StudioError, "0 pictures"),
        (lambda run: run.evaluate([]), ds.StudioError, "no pictures in the list"),
        (lambda run: as_paths([]), ds.StudioError, "no pictures in the list"),
    ],
)
def test_what_can_not_be_is_refused(
    opened: ds.Run, call: Callable[[ds.Run], object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        call(opened)


def test_numbers_of_numpy_are_numbers(opened: ds.Run) -> None:
    plain = opened.sample(1, seed=3, sampler="ddim", steps=2)
    numbers: dict[str, Any] = {"count": np.int64(1), "seed": np.int32(3), "steps": np.uint8(2)}
    assert np.array_equal(plain, opened.sample(sampler="ddim", **numbers))


def test_drawings_show_themselves_in_notebooks(opened: ds.Run) -> None:
    import base64

    still = opened.sample(3, sampler="ddim", steps=2)
    assert repr(still) == "<Drawing: 3 pictures of 16 × 16 × 3 (sample, ddim)>"
    shown = Image.open(io.BytesIO(still._repr_png_() or b""))
    # Two rows of two, 2 px between them, upscaled by an integer factor.
    assert shown.size == (34 * 11, 34 * 11)
    assert np.array_equal(np.asarray(shown)[: 16 * 11 : 11, : 16 * 11 : 11], still[0])
    assert still._repr_mimebundle_() == {}
    moving = opened.sample(1, sampler="ddim", steps=4, frames=3)
    assert moving._repr_png_() is None
    gif = Image.open(io.BytesIO(base64.b64decode(moving._repr_mimebundle_()["image/gif"])))
    assert getattr(gif, "n_frames", 1) == 3


def test_a_set_may_be_an_array_of_another_library(opened: ds.Run) -> None:
    pictures: Any = torch.zeros(2, 16, 16, 3, dtype=torch.uint8)
    with on_disk(pictures, opened.path) as ([file], _, _):
        assert len(np.load(file)) == 2


def test_a_report_on_pictures_in_memory_names_no_file(opened: ds.Run, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    few: dict[str, Any] = {"quick": True, "steps": 2, "count": 1, "timesteps": 3}
    page = opened.report(tmp_path / "r.html", pictures, **few).read_text(encoding="utf-8")
    assert "pictures.npy" not in page
    sections = read(tmp_path / "r.html")
    assert "pictures from memory" in sections["settings"].text
    for part in ("model", "training", "share", "interpolate", "bits"):
        assert sections[part].commands == []
    for part in ("share", "interpolate", "bits", "neighbours"):
        assert sections[part].all("p", "missing") == []
    assert np.array_equal(sections["interpolate"].all("div", "row")[1].pictures[0], pictures[0])
    assert len(sections["samples"].commands) == 1


def test_what_is_saved(opened: ds.Run, first: Path, tmp_path: Path) -> None:
    drawing = opened.interpolate(first, first, t=2, steps_lambda=3)
    assert Image.open(drawing.save(tmp_path / "row.png")).size == (3 * 16 + 2 * 2, 16)
    assert Image.open(drawing.save(tmp_path / "column.png", columns=1)).size == (16, 52)
    drawing.save(tmp_path / "moving.gif", fps=10)
    assert len(list(drawing.save(tmp_path / "each").iterdir())) == 3
    with pytest.raises(TypeError, match="'fps'; it takes columns, scale"):
        drawing.save(tmp_path / "row.png", fps=10)
    with pytest.raises(TypeError, match="'columns'; it takes scale, bands"):
        drawing.save(tmp_path / "each.zip", columns=2)
    with pytest.raises(TypeError, match="'scale'; it takes none"):
        drawing.save(tmp_path / "arrays.npz", scale=2)
    with pytest.raises(ds.StudioError, match="Draw with frames"):
        opened.sample(1, sampler="ddim", steps=1).save(tmp_path / "x.gif")
    way = opened.sample(2, sampler="ddim", steps=3, frames=3)
    saved = np.load(way.save(tmp_path / "way.npy", npy_view="eps"))
    assert (saved.dtype, saved.shape) == (np.float16, (3, 2, 16, 16, 3))
    np.testing.assert_array_equal(saved[0], way.frames[0].values("eps"))
    file = opened.encode(first, t=4).save(tmp_path / "latent.safetensors")
    again = opened.share(latent=file, count=1)
    assert again.shared is not None
    assert again.shared.t == 4
