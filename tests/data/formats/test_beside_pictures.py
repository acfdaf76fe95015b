"""Files next to pictures that are not pictures: features, statistics, models, tables of URLs."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm_studio.errors import StudioError
from tests.data.pictures import encoded, image, make_picture_folder, noise, prepared

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def addresses(path: Path) -> None:
    """Write a table of URLs such as img2dataset writes next to its pictures."""
    pq.write_table(pa.table({"url": ["http://a"] * 4, "caption": ["b"] * 4}), path)


def features(path: Path) -> None:
    np.save(path, np.zeros((4, 512), np.float32))


def latents(path: Path) -> None:
    np.save(path, np.linspace(-4, 4, 4 * 4 * 8 * 8).reshape(4, 4, 8, 8))


def statistics(path: Path) -> None:
    np.savez(path, mu=np.zeros(64), sigma=np.zeros((64, 64)))


def weights(path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(64, 3, 3, 3)}, path)


def damaged(path: Path) -> None:
    path.write_bytes(b"PK\3\4" + bytes(40))


@pytest.mark.parametrize(
    ("name", "write", "why"),
    [
        ("embeddings.npy", features, "shape (4, 512), which is no pictures"),
        ("latents.npy", latents, "of no known meaning"),
        ("stats.npz", statistics, "holds mu, sigma"),
        ("best.pth", weights, "the weights of a model"),
        ("00000.parquet", addresses, "none of pictures"),
        ("x.npz", damaged, "not a whole archive"),
        ("x.pt", damaged, "not a whole archive"),
    ],
)
def test_it_is_left_out_and_the_pictures_are_read(
    tmp_path: Path, name: str, write: object, why: str
) -> None:
    folder = tmp_path / "set"
    make_picture_folder(folder, 4)
    assert callable(write)
    write(folder / name)
    data = prepared(tmp_path / "cache", folder)
    assert len(data.images) == 4
    assert [reject.name for reject in data.report.rejects] == [name]
    assert why in data.report.rejects[0].reason
    assert "1 file left out: no pictures." in data.report.lines()
    # On its own it is refused for the same reason.
    with pytest.raises(StudioError) as refused:
        prepared(tmp_path / "cache", folder / name)
    assert why in refused.value.cause


def test_an_array_that_is_named_is_read_or_nothing_is(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "set", 4)
    statistics(tmp_path / "set/stats.npz")
    with pytest.raises(StudioError, match=r"holds no x"):
        prepared(tmp_path / "cache", tmp_path / "set", array="x")


def test_a_folder_without_pictures_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    features(tmp_path / "set/a.npy")
    with pytest.raises(StudioError, match="which is no pictures"):
        prepared(tmp_path / "cache", tmp_path / "set")


def test_shards_of_img2dataset_and_their_tables(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for number, one in enumerate(noise(2, 16, 16)):
        with tarfile.open(folder / f"{number:05d}.tar", "w") as tar:
            (tmp_path / "x.png").write_bytes(encoded(image(one)))
            tar.add(tmp_path / "x.png", f"{number:09d}.png")
        addresses(folder / f"{number:05d}.parquet")
    data = prepared(tmp_path / "cache", folder)
    assert len(data.images) == 2
    assert {reject.name for reject in data.report.rejects} == {"00000.parquet", "00001.parquet"}


def test_one_table_of_pictures_among_others(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    pictures = [{"bytes": encoded(image(one)), "path": None} for one in noise(3, 16, 16)]
    pq.write_table(pa.table({"image": pictures}), folder / "a.parquet")
    addresses(folder / "b.parquet")
    data = prepared(tmp_path / "cache", folder)
    assert len(data.images) == 3
    assert [reject.name for reject in data.report.rejects] == ["b.parquet"]
