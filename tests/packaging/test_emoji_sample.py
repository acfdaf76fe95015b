"""Script that makes the emoji sample, on a package small enough to compute by hand."""

from __future__ import annotations

import importlib.util
import io
import json
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_emoji_sample", ROOT / "packaging" / "make_emoji_sample.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(name: str, category: str, image: str, **more: Any) -> dict[str, Any]:
    return {
        "short_name": name,
        "category": category,
        "image": image,
        "has_img_google": True,
        **more,
    }


def tarball(path: Path, entries: list[dict[str, Any]], images: dict[str, Image.Image]) -> Path:
    contents = {"package/emoji.json": json.dumps(entries).encode()}
    for name, image in images.items():
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        contents[f"package/img/google/64/{name}"] = buffer.getvalue()
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_halving_weighs_colour_by_opacity(script: ModuleType) -> None:
    red, hidden_blue = (200, 0, 0, 255), (0, 0, 255, 0)
    block = np.array([[red, hidden_blue], [hidden_blue, red]], np.uint8)
    np.testing.assert_array_equal(script.halve(block), [[[200, 0, 0, 128]]])

    half_green = (0, 90, 0, 51)
    block = np.array([[red, half_green], [half_green, half_green]], np.uint8)
    # Opacities 255, 51, 51, 51 sum to 408: red 200·255/408 = 125, green 90·153/408 = 33.75.
    np.testing.assert_array_equal(script.halve(block), [[[125, 34, 0, 102]]])


def test_halving_opaque_pictures_is_pillows_box(script: ModuleType) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    expected = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BOX))
    # Pillow rounds halves up, numpy to even.
    assert np.abs(script.halve(pixels).astype(int) - expected.astype(int)).max() <= 1


def test_fully_transparent_pixels_hold_no_colour(script: ModuleType) -> None:
    ghost = np.full((2, 2, 4), (9, 8, 7, 0), np.uint8)
    assert not script.halve(ghost).any()


def test_zip_has_a_folder_a_category_and_no_variants(script: ModuleType, tmp_path: Path) -> None:
    colours = {"a.png": "red", "b.png": "red", "c.png": "blue", "d.png": "green", "e.png": "tan"}
    images = {name: Image.new("RGBA", (64, 64), colour) for name, colour in colours.items()}
    images["gray.png"] = Image.new("LA", (64, 64), (70, 255))
    entries = [
        entry("longer", "Food & Drink", "a.png"),
        entry("short", "Food & Drink", "b.png"),
        entry(
            "wave", "People & Body", "c.png", skin_variations={"1F3FB": {"image": "variant.png"}}
        ),
        entry("skin-tone-2", "Component", "d.png"),
        entry("elsewhere", "Objects", "e.png", has_img_google=False),
        entry("stone", "Objects", "gray.png"),
    ]
    package = tarball(tmp_path / "p.tgz", entries, images)
    out = tmp_path / "out.zip"
    script.write_zip(script.read_emoji(package), out)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == [
            "Food-and-Drink/short.png",
            "Objects/stone.png",
            "People-and-Body/wave.png",
        ]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        with Image.open(archive.open("Objects/stone.png")) as image:
            assert (image.mode, image.size) == ("RGBA", (32, 32))
            assert image.getpixel((5, 5)) == (70, 70, 70, 255)

    again = tmp_path / "again.zip"
    script.write_zip(script.read_emoji(package), again)
    assert again.read_bytes() == out.read_bytes()


def test_other_sizes_are_refused(script: ModuleType, tmp_path: Path) -> None:
    package = tarball(
        tmp_path / "p.tgz",
        [entry("big", "Objects", "a.png")],
        {"a.png": Image.new("RGBA", (72, 72))},
    )
    with pytest.raises(ValueError, match="not 64 x 64"):
        script.read_emoji(package)
