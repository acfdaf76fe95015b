"""Placeholder files (Git LFS, git-annex) of any kind are reported as such, not as damaged."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ddpm_studio.data import prepare
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import open_recognised
from ddpm_studio.placeholders import (
    GIT_ANNEX,
    GIT_LFS,
    SERVER_ERROR,
    WEB_PAGE,
    Placeholder,
    detect_placeholder,
)
from ddpm_studio.requests import FIRST_RULES, PrepareOptions
from tests.data.pictures import encoded, image, make_zip, noise, prepared

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 9\n"
CONTENTS: dict[str, tuple[bytes, Placeholder]] = {
    "Git LFS": (POINTER, GIT_LFS),
    "git-annex": (b"/annex/objects/SHA256E-s9--ab.png\n", GIT_ANNEX),
    "git-annex on Windows": (b"..\\.git\\annex\\objects\\x\\y\\MD5E-s9--ab\n", GIT_ANNEX),
    "HTML": (b"\n<!DOCTYPE html>\n<html><title>404</title>" + b" " * 9000, WEB_PAGE),
    "XHTML": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<html>', WEB_PAGE),
    "XML": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', SERVER_ERROR),
    "JSON": (b'{"error":"Repository not found"}', SERVER_ERROR),
    "text": (b"Entry not found", SERVER_ERROR),
}
SUFFIXES = ("png", "tif", "zip", "tar", "tar.gz", "npy", "npz", "pt", "h5", "parquet", "mat", "pkl")


def refusal(path: Path) -> str:
    with pytest.raises(StudioError) as caught:
        finish(prepare([path], PrepareOptions(), cache=path.parent / "cache"))
    return str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", CONTENTS)
def test_a_file_of_any_kind(tmp_path: Path, kind: str, suffix: str) -> None:
    content, instead = CONTENTS[kind]
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(content)
    assert refusal(path) == f"x.{suffix} is {instead.description}. {instead.remedy}"


@pytest.mark.parametrize("suffix", ["png", "zip", "npy", "npz", "pt", "h5", "parquet"])
def test_an_empty_file_is_told_as_that(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.touch()
    assert f"x.{suffix} is an empty file" in refusal(path)


def test_beside_others_they_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, one in enumerate(noise(3)):
        image(one).save(folder / f"{number}.png")
    names = ["a.png", "b.npy", "c.npz", "d.zip", "e.pt"]
    for name in names:
        (folder / name).write_bytes(POINTER)
    (folder / "f.png").symlink_to(".git/annex/objects/aa/bb/MD5E-s1--x.png")
    data = prepared(tmp_path / "cache", folder)
    assert data.report.kept == 3
    assert sorted(one.name for one in data.report.rejects) == [*names, "f.png"]
    lines = data.report.lines()
    assert "5 pictures left out: only a pointer of Git LFS." in lines
    assert "1 picture left out: only a link of git-annex." in lines


def test_a_folder_of_them_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.tar").write_bytes(POINTER)
    told = refusal(tmp_path / "in")
    assert "3 only a pointer of Git LFS" in told
    assert told.endswith(GIT_LFS.remedy)


def test_a_link_of_git_annex_that_is_chosen_itself(tmp_path: Path) -> None:
    (tmp_path / "x.png").symlink_to(".git/annex/objects/aa/bb/MD5E-s1--x.png")
    (tmp_path / "y.png").symlink_to("gone.png")
    assert "only a link of git-annex" in refusal(tmp_path / "x.png")
    assert "is a link to gone.png, which is not there" in refusal(tmp_path / "y.png")


@pytest.mark.parametrize("content", [b"a" * 40, b"cat\ndog\n", b"\0\1\2", b"\x89PNG", b'{"a": 1}'])
def test_other_content_is_none(content: bytes) -> None:
    assert detect_placeholder(content, len(content)) is None


def test_version_0_1_0_told_a_picture_as_damaged_and_its_keys_stay(tmp_path: Path) -> None:
    # A set's fingerprint includes the reasons for which pictures were left out.
    keys: list[str] = []
    for content in (POINTER, b"no picture at all"):
        folder = tmp_path / f"in{len(keys)}"
        folder.mkdir()
        image(noise(1)[0]).save(folder / "0.png")
        (folder / "1.png").write_bytes(content)
        keys.append(prepared(tmp_path / "cache", folder, rules=FIRST_RULES).fingerprint)
    assert keys[0] == keys[1]


def test_archives_by_their_content_and_not_their_ending(tmp_path: Path) -> None:
    picture = encoded(image(noise(1)[0]))
    with tarfile.open(tmp_path / "tar.zip", "w") as tar:
        info = tarfile.TarInfo("1.png")
        info.size = len(picture)
        tar.addfile(info, io.BytesIO(picture))
    make_zip(tmp_path / "zip.zip", {"1.png": picture}).rename(tmp_path / "zip.tar")
    for name in ("tar.zip", "zip.tar"):
        assert prepared(tmp_path / "cache", tmp_path / name).report.kept == 1
    (tmp_path / "rar.zip").write_bytes(b"Rar!\x1a\7\0" + bytes(90))
    assert "is a RAR archive" in refusal(tmp_path / "rar.zip")
    (tmp_path / "x.zip.001").write_bytes(b"PK\3\4" + bytes(90))
    assert "one part of a split archive" in refusal(tmp_path / "x.zip.001")
    make_zip(tmp_path / "pictures.npz", {"1.png": picture})
    assert "a zip of other files" in refusal(tmp_path / "pictures.npz")
    torch.save(torch.zeros(4, 3, 8, 8), tmp_path / "tensors.bin")
    assert "a file of torch under another name" in refusal(tmp_path / "tensors.bin")


def _model(folder: Path, weights: bytes | None, config: bytes | None = None) -> Path:
    (folder / "unet").mkdir(parents=True)
    (folder / "scheduler").mkdir()
    fields = {"_class_name": "UNet2DModel", "sample_size": 8, "block_out_channels": [32, 32]}
    fields |= {"down_block_types": ["DownBlock2D"] * 2, "up_block_types": ["UpBlock2D"] * 2}
    (folder / "unet/config.json").write_bytes(config or json.dumps(fields).encode())
    scheduler = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000}
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps(scheduler))
    if weights is not None:
        (folder / "unet/diffusion_pytorch_model.safetensors").write_bytes(weights)
    return folder


def model_refusal(path: Path) -> str:
    with pytest.raises(StudioError) as caught, open_recognised(path) as found:
        found.read(found.defaults)
    return str(caught.value)


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("name", ["a.pt", "a.ckpt", "a.safetensors"])
def test_a_file_of_weights(tmp_path: Path, kind: str, name: str) -> None:
    content, instead = CONTENTS[kind]
    (tmp_path / name).write_bytes(content)
    assert model_refusal(tmp_path / name).endswith(
        f"{name} is {instead.description}. {instead.remedy}"
    )


def test_in_a_folder_of_diffusers(tmp_path: Path) -> None:
    assert GIT_LFS.description in model_refusal(_model(tmp_path / "weights", POINTER))
    assert GIT_LFS.description in model_refusal(_model(tmp_path / "config", b"", POINTER))
    linked = _model(tmp_path / "linked", None)
    link = linked / "unet/diffusion_pytorch_model.safetensors"
    link.symlink_to("../../.git/annex/objects/x/y/MD5E-s1--a")
    assert GIT_ANNEX.description in model_refusal(linked)
    sharded = _model(tmp_path / "sharded", None)
    index = {"weight_map": {"a": "diffusion_pytorch_model-00001-of-00001.safetensors"}}
    (sharded / "unet/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    (sharded / "unet/diffusion_pytorch_model-00001-of-00001.safetensors").write_bytes(POINTER)
    assert GIT_LFS.description in model_refusal(sharded)


def test_weights_are_never_taken_for_a_stand_in(tmp_path: Path) -> None:
    save_file({"version https://git-lfs": torch.zeros(2)}, tmp_path / "a.safetensors")
    np.save(tmp_path / "a.npy", noise(2))
    assert "of no layout that is known here" in model_refusal(tmp_path / "a.safetensors")
    assert prepared(tmp_path / "cache", tmp_path / "a.npy").report.kept == 2


@pytest.mark.parametrize("suffix", ["npy", "npz", "h5", "parquet", "pt", "zip", "tar"])
def test_a_picture_under_the_name_of_a_container_is_told_as_one(
    tmp_path: Path, suffix: str
) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(encoded(image(noise(1)[0]), "JPEG"))
    with pytest.raises(StudioError) as found:
        prepared(tmp_path / "cache", tmp_path / f"a.{suffix}")
    assert f"a.{suffix} is a JPEG picture under another name" in found.value.cause
    assert "damaged" not in str(found.value)
