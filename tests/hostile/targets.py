"""Fuzz targets: for each reader its valid seed files, and how a mutated one is read."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from ddpm_studio.requests import PrepareOptions
from tests.hostile import foreign, label_targets, seeds
from tests.hostile.mutations import mutated


@dataclass(frozen=True)
class Target:
    """A reader that is fuzzed.

    Args:
        seeds: returns valid files.
        read: writes a mutated file in a folder of its own, and reads it.
    """

    seeds: Callable[[], list[bytes]]
    read: Callable[[Path, bytes], object]


def _data(name: str) -> Callable[[Path, bytes], object]:
    def read(folder: Path, content: bytes) -> object:
        from ddpm_studio import data

        path = folder / name
        path.write_bytes(content)
        return data.preview([path], PrepareOptions(), 4)

    return read


def _pictures() -> list[bytes]:
    frames = [seeds.picture(kind, 3) for kind in ("GIF", "WEBP", "TIFF", "PNG")]
    ppm = [b"P3\n2 2\n255\n" + b"1 2 3 " * 4, b"P1\n4 4\n" + b"0101" * 4, b"P5\n2 2\n7\n\1\2\3\4"]
    return [*map(seeds.picture, seeds.KINDS), *frames, seeds.rgba_picture(), *ppm]


def _rare_pictures() -> list[bytes]:
    bands = [
        seeds.tiff_bands(),
        seeds.tiff_bands("<u2", 3, 8),
        seeds.tiff_bands("<i4", 2, 1, True),
        seeds.tiff_bands("<f8", 1),
    ]
    return [*map(seeds.picture, ("AVIF", "JPEG2000", "TGA")), *bands]


def _zips() -> list[bytes]:
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    return [seeds.zip_archive(method) for method in methods]


def _tars() -> list[bytes]:
    return [seeds.tar_archive(mode) for mode in ("w", "w", "w:gz", "w:bz2", "w:xz")]


def _cache(folder: Path, content: bytes) -> object:
    from ddpm_studio.data import prepare

    kept = folder / "kept"
    if not kept.exists():
        (folder / "in").mkdir()
        (folder / "in" / "a.png").write_bytes(seeds.picture())
        for _ in prepare([folder / "in"], PrepareOptions(), cache=kept):
            pass
    cached = next(path for path in (kept / "data").iterdir() if path.name != "quick")
    from ddpm_studio.data.store import DatasetCache

    report, images = cached / "report.json", cached / "images.npy"
    whole = report.read_bytes(), images.read_bytes()
    # An array starts with a byte with which no report can start.
    (images if content[:1] == b"\x93" else report).write_bytes(content)
    try:
        return DatasetCache(kept).load(cached.name, (), "a")
    finally:
        report.write_bytes(whole[0])
        images.write_bytes(whole[1])


def _cache_seeds() -> list[bytes]:
    report = {
        "format": 2,
        "key": "0" * 40,
        "fingerprint": "0" * 40,
        "options": PrepareOptions(image_size=16, channels="rgb").model_dump(),
        "class_names": ["a"],
        "report": {
            "source": "a",
            "found": 1,
            "kept": 1,
            "rejects": [{"name": "a", "reason": "b"}],
            "sizes": [[[16, 16], 1]],
            "duplicates": 0,
            "class_counts": [["a", 1]],
            "others": [["txt", 1]],
            "warnings": ["a"],
        },
    }
    return [json.dumps(report).encode(), seeds.npy()]


def _run(folder: Path, content: bytes) -> object:
    """Read a run.json, or the metrics, which are recognised by their first key."""
    from ddpm_studio.backend import specs
    from tests.hostile.pool import call

    run = _honest_run(folder)
    name = "metrics.jsonl" if content[:8].find(b"step") >= 0 else "run.json"
    whole = (run / name).read_bytes()
    (run / name).write_bytes(content)
    try:
        call(specs.runs.open_run(run))
    finally:
        (run / name).write_bytes(whole)
    return None


def _honest_run(folder: Path) -> Path:
    run = folder / "honest"
    return run if run.exists() else seeds.make_run(run)


def _run_seeds() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        run = seeds.make_run(Path(place) / "run")
        return [(run / "run.json").read_bytes(), (run / "metrics.jsonl").read_bytes()]


def _checkpoint(folder: Path, content: bytes) -> object:
    from ddpm_studio.jobs import ModelStore

    run = _honest_run(folder)
    part = run / "checkpoints" / "step-00000003"
    (part / "ema.safetensors").write_bytes(content)
    state = json.loads((part / "state.json").read_text())
    state["checksums"]["ema.safetensors"] = blake2b(content, digest_size=16).hexdigest()
    (part / "state.json").write_text(json.dumps(state))
    return ModelStore().get(run, "ema", "cpu")


def _checkpoint_seeds() -> list[bytes]:
    from safetensors.torch import save

    return [bytes(save(seeds.weights()))]


def _latent(folder: Path, content: bytes) -> object:
    from ddpm_studio.jobs import load_latent

    (folder / "l.safetensors").write_bytes(content)
    return load_latent(folder / "l.safetensors")


def _diffusers(folder: Path, content: bytes) -> object:
    from ddpm_studio.interop import load_diffusers

    safe, torch_made = folder / "safe", folder / "torch"
    if not safe.exists():
        seeds.make_diffusers(safe)
        seeds.make_diffusers(torch_made, packed=True)
    weights = "unet/diffusion_pytorch_model"
    if b"block_out_channels" in content or b"layers_per_block" in content:
        path = safe / "unet" / "config.json"
    elif b"num_train_timesteps" in content or b"beta_schedule" in content:
        path = safe / "scheduler" / "scheduler_config.json"
    elif content.startswith(b"PK"):
        path = torch_made / f"{weights}.bin"
    else:
        path = safe / f"{weights}.safetensors"
    whole = path.read_bytes()
    path.write_bytes(content)
    try:
        return load_diffusers(torch_made if path.suffix == ".bin" else safe)
    finally:
        path.write_bytes(whole)


def _diffusers_seeds() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        safe = seeds.make_diffusers(Path(place) / "safe")
        packed = seeds.make_diffusers(Path(place) / "torch", packed=True)
        files = [
            safe / "unet" / "config.json",
            safe / "scheduler" / "scheduler_config.json",
            safe / "unet" / "diffusion_pytorch_model.safetensors",
            packed / "unet" / "diffusion_pytorch_model.bin",
        ]
        return [file.read_bytes() for file in files]


def _model(folder: Path, content: bytes) -> object:
    """Read a checkpoint of another program, or one with ``content`` as its pickle."""
    if content[:2] == b"\x80\x02" and len(content) < _LONGEST_PROGRAM:
        kind = foreign.KINDS[len(content) % len(foreign.KINDS)]
        content = foreign.with_program(kind, content)
    (folder / "a.pt").write_bytes(content)
    return foreign.read(folder / "a.pt")


# A whole file in the old layout starts with a pickle too, but is longer.
_LONGEST_PROGRAM = 60_000


def _model_seeds() -> list[bytes]:
    files = [foreign.saved(kind, old) for kind in foreign.KINDS for old in (False, True)]
    return [*files, *(foreign.program(kind) for kind in foreign.KINDS)]


def _shards(folder: Path, content: bytes) -> object:
    """Read an index of shards, a pipeline's model index, or a scheduler's configuration."""
    from ddpm_studio.interop import open_recognised

    model = folder / "model"
    if not model.exists():
        seeds.make_diffusers(model)
        weights = model / "unet" / "diffusion_pytorch_model.safetensors"
        weights.rename(weights.with_name(_SHARD))
        (model / "unet" / _INDEX).write_text(_shard_index())
    if b"weight_map" in content:
        path = model / "unet" / _INDEX
    elif b"Pipeline" in content or b"UNet2DModel" in content:
        path = model / "model_index.json"
    else:
        path = model / "scheduler" / "scheduler_config.json"
    whole = path.read_bytes()
    path.write_bytes(content)
    try:
        with open_recognised(model) as found:
            return found.read(found.defaults)
    finally:
        path.write_bytes(whole)


_SHARD = "diffusion_pytorch_model-00001-of-00001.safetensors"
_INDEX = "diffusion_pytorch_model.safetensors.index.json"


def _shard_index() -> str:
    return json.dumps({"metadata": {"total_size": 9}, "weight_map": {"conv_in.weight": _SHARD}})


def _shards_seeds() -> list[bytes]:
    solver = {
        "_class_name": "DPMSolverMultistepScheduler",
        "beta_schedule": "scaled_linear",
        "lambda_min_clipped": float("-inf"),
        "num_train_timesteps": 20,
        "prediction_type": "v_prediction",
        "trained_betas": None,
        "variance_type": None,
    }
    edm = {"_class_name": "EDMEulerScheduler", "sigma_min": 0.002, "rho": 7.0}
    index = {
        "_class_name": "DDPMPipeline",
        "scheduler": ["diffusers", "DDPMScheduler"],
        "unet": ["diffusers", "UNet2DModel"],
    }
    return [_shard_index().encode(), *(json.dumps(one).encode() for one in (solver, edm, index))]


def _recipe(folder: Path, content: bytes) -> object:
    from ddpm_studio.gui.platform.images import read_picture
    from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe

    (folder / "a.png").write_bytes(content)
    read_parsed_recipe(folder / "a.png")
    return read_picture(folder / "a.png")


def _recipe_seeds() -> list[bytes]:
    text = json.dumps(seeds.recipe_of(Path("/nowhere")))
    moving = [seeds.recipe_gif(text), seeds.recipe_webp(text), seeds.recipe_mp4(text.encode())]
    return [seeds.recipe_png(text), seeds.recipe_png('{"kind": "else"}'), *moving]


def _settings(folder: Path, content: bytes) -> object:
    from PySide6.QtCore import QSettings

    from ddpm_studio.gui.workspace.settings_file import quarantine_unless_text

    path = folder / "settings.ini"
    path.write_bytes(content)
    quarantine_unless_text(path)
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    return [settings.value(key) for key in settings.allKeys()]


TARGETS = {
    "zip": Target(_zips, _data("a.zip")),
    "tar": Target(_tars, _data("a.tar")),
    "pictures": Target(_pictures, _data("a.png")),
    "npy": Target(lambda: [seeds.npy()], _data("a.npy")),
    "npz": Target(lambda: [seeds.npz()], _data("a.npz")),
    "rare pictures": Target(_rare_pictures, _data("a.tif")),
    "torch": Target(lambda: [seeds.tensors()], _data("a.pt")),
    "hdf5": Target(lambda: [seeds.hdf5(), seeds.hdf5("latest")], _data("a.h5")),
    "parquet": Target(lambda: [seeds.parquet()], _data("a.parquet")),
    "cifar": Target(lambda: [seeds.cifar(), seeds.cifar(4)], _data("data_batch_1")),
    "labels": Target(label_targets.table_seeds, label_targets.read_tables),
    "objects": Target(label_targets.object_seeds, label_targets.read_objects),
    "class names": Target(label_targets.class_name_seeds, label_targets.read_class_names),
    "file names": Target(label_targets.file_name_seeds, label_targets.read_file_names),
    "idx": Target(lambda: [seeds.idx(), seeds.idx_gz()], _data("a-images-idx3-ubyte")),
    "cache": Target(_cache_seeds, _cache),
    "run": Target(_run_seeds, _run),
    "checkpoint": Target(_checkpoint_seeds, _checkpoint),
    "latent": Target(lambda: [seeds.latent()], _latent),
    "diffusers": Target(_diffusers_seeds, _diffusers),
    "model": Target(_model_seeds, _model),
    "shards": Target(_shards_seeds, _shards),
    "recipe": Target(_recipe_seeds, _recipe),
    "settings": Target(lambda: [seeds.SETTINGS], _settings),
}


def inputs(name: str, seed: int) -> Callable[[], bytes]:
    """Return a function that gives the next mutated file, reproducible by ``seed``."""
    whole = TARGETS[name].seeds()
    chance = random.Random(f"{name} {seed}")
    return lambda: mutated(whole, chance)
