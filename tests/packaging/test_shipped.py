"""Shipped resources: sample data with notices, icons, pinned versions."""

from __future__ import annotations

import gzip
import io
import re
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "resources" / "data"
ICONS = ROOT / "resources" / "icons"


def test_fashion_mnist_is_the_whole_test_set() -> None:
    images = gzip.decompress((DATA / "fashion-mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((DATA / "fashion-mnist/t10k-labels-idx1-ubyte.gz").read_bytes())
    assert np.frombuffer(images[:16], ">u4").tolist() == [0x803, 10_000, 28, 28]
    assert len(images) == 16 + 10_000 * 28 * 28
    assert np.frombuffer(labels[:8], ">u4").tolist() == [0x801, 10_000]
    assert Counter(labels[8:]) == dict.fromkeys(range(10), 1000)


def test_emoji_are_distinct_pictures_of_32_pixels() -> None:
    seen: set[tuple[str, bytes]] = set()
    categories: Counter[str] = Counter()
    with zipfile.ZipFile(DATA / "emoji/emoji-32.zip") as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            category, _, file = name.partition("/")
            assert re.fullmatch(r"[\w+-]+\.png", file)
            with Image.open(io.BytesIO(archive.read(name))) as image:
                assert (image.mode, image.size) == ("RGBA", (32, 32))
                assert np.asarray(image)[..., 3].any(), f"{name} is empty"
                seen.add((category, image.tobytes()))
            categories[category] += 1
    assert len(seen) == categories.total() > 1800
    assert len(categories) == 9
    assert min(categories.values()) >= 80


def test_data_stays_small_and_each_set_has_its_licence() -> None:
    assert sum(p.stat().st_size for p in DATA.rglob("*") if p.is_file()) < 10_000_000
    for folder in DATA.iterdir():
        assert (folder / "NOTICE").is_file()
    assert "2017 Zalando SE" in (DATA / "fashion-mnist/NOTICE").read_text()
    notice = (DATA / "emoji/NOTICE").read_text()
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in notice
    assert "reduced from 64 to 32 pixels" in notice


def test_icons_are_one_family_that_takes_any_colour() -> None:
    drawn = [path for path in ICONS.glob("*.svg") if path.name != "app.svg"]
    assert len(drawn) > 60
    for path in drawn:
        svg = ET.parse(path).getroot()
        assert svg.get("stroke") == "currentColor", path.name
        assert svg.get("viewBox") == "0 0 24 24", path.name
    assert "ISC License" in (ICONS / "LICENSE").read_text()


def test_program_icon_is_square_with_clear_corners() -> None:
    with Image.open(ICONS / "app-256.png") as image:
        assert (image.mode, image.size) == ("RGBA", (256, 256))
        assert image.getpixel((0, 0)) == (0, 0, 0, 0)
        assert np.asarray(image)[128, 180, 2] > 200


@pytest.fixture(scope="module")
def pins() -> dict[str, Version]:
    found: dict[str, Version] = {}
    for line in (ROOT / "packaging" / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            found[canonicalize_name(name)] = Version(version)
    return found


def test_constraints_fit_the_declared_ranges(pins: dict[str, Version]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    for requirement in map(Requirement, declared):
        name = canonicalize_name(requirement.name)
        if name != project["name"]:
            assert name in pins, f"{name} is not pinned"
            assert pins[name] in requirement.specifier


def test_constraints_leave_the_choice_of_torch_build(pins: dict[str, Version]) -> None:
    assert "torchvision" not in pins
    assert pins["torch"].local is None
    assert not any(name.startswith("nvidia-") for name in pins)
