"""HDF5 files: claimed sizes that are too large, unwritten data, external data, labels, models."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.data.formats.hdf5_heaps import has_malformed_heap
from ddpm_studio.errors import StudioError
from tests.data.pictures import noise, prepared
from tests.hostile.seeds import with_driver_block

h5py = pytest.importorskip("h5py")

IMAGES = noise(6, 8, 8)


def save(path: Path, user_block: int = 0) -> Path:
    with h5py.File(path, "w", userblock_size=user_block) as file:
        file["images"] = IMAGES
    return path


@pytest.mark.parametrize("user_block", [0, 512, 1024])
@pytest.mark.parametrize("packed", [False, True])
def test_a_block_that_claims_gigabytes_never_reaches_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_block: int, packed: bool
) -> None:
    path = save(tmp_path / "x.h5", user_block)
    assert prepared(tmp_path / "cache", path).images.shape[0] == len(IMAGES)
    path.write_bytes(with_driver_block(path.read_bytes(), 0xF0000000, user_block))
    source = path
    if packed:
        source = tmp_path / "x.zip"
        with zipfile.ZipFile(source, "w") as archive:
            archive.write(path, "x.h5")
    monkeypatch.delattr(h5py, "File")
    with pytest.raises(StudioError, match="one of several files that hold a set of HDF5 together"):
        prepared(tmp_path / "cache", source)


def test_one_of_a_family_of_files_is_named(tmp_path: Path) -> None:
    name = str(tmp_path / "x%d.h5").encode()
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_family(1024)
    access.set_libver_bounds(h5py.h5f.LIBVER_EARLIEST, h5py.h5f.LIBVER_LATEST)
    created = h5py.h5f.create(name, fapl=access)
    space = h5py.h5s.create_simple(IMAGES.shape)
    h5py.h5d.create(created, b"images", h5py.h5t.NATIVE_UINT8, space).write(space, space, IMAGES)
    created.close()
    assert (tmp_path / "x1.h5").exists()
    with pytest.raises(StudioError, match="one of several files that hold a set of HDF5 together"):
        prepared(tmp_path / "cache", tmp_path / "x0.h5")


def test_what_was_never_written_is_no_black_pictures(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("images", (6, 8, 8, 3), "u1", chunks=(2, 8, 8, 3))
        file.create_dataset("labels", (6,), "i8")
    with pytest.raises(
        StudioError, match=r"x\.h5 holds images, labels, to which nothing was ever written"
    ):
        prepared(tmp_path / "cache", tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["images"][:4] = IMAGES[:4]
    data = prepared(tmp_path / "cache", tmp_path / "x.h5")
    assert data.labels is None
    assert len(data.images) == len(IMAGES)
    warned = " ".join(data.report.warnings)
    assert "x.h5: not read: labels, to which nothing was ever written" in warned
    assert "x.h5:images: 2 of 3 chunks were written; the others are read as 0" in warned


def test_an_empty_dataset_is_no_unwritten_one(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["images"] = IMAGES
        file["none"] = np.zeros((0, 3))
        file["one"] = 3
    warnings = prepared(tmp_path / "cache", tmp_path / "x.h5").report.warnings
    assert not any("x.h5" in line for line in warnings)


@pytest.mark.parametrize("shape", [(2, 9_000, 9_000, 3), (64, 64, 3, 30_000)])
def test_a_claim_of_more_than_any_packing_gives_is_refused(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        one = file.create_dataset("images", shape, "u1", chunks=(1, 8, 1, 1), compression="gzip")
        one[0, 0, 0, 0] = 1
    assert (tmp_path / "x.h5").stat().st_size < 10_000
    with pytest.raises(StudioError, match=r"x\.h5:images claims [\d,]{11} bytes"):
        prepared(tmp_path / "cache", tmp_path / "x.h5")


def link(path: Path, how: str) -> None:
    """Write an HDF5 file whose pictures are stored in another file."""
    with h5py.File(path, "w") as file:
        file["labels"] = np.arange(len(IMAGES)) % 2
        if how == "link":
            file["images"] = h5py.ExternalLink("y.h5", "/images")
        elif how == "virtual":
            layout = h5py.VirtualLayout(IMAGES.shape, "u1")
            layout[:] = h5py.VirtualSource("y.h5", "images", shape=IMAGES.shape)
            file.create_virtual_dataset("images", layout)
        else:
            place = ("y.h5", 0, IMAGES.nbytes)
            file.create_dataset("images", IMAGES.shape, "u1", external=[place])


@pytest.mark.parametrize("how", ["link", "virtual", "storage"])
def test_numbers_in_other_files_are_told(tmp_path: Path, how: str) -> None:
    link(tmp_path / "x.h5", how)
    save(tmp_path / "y.h5")
    with pytest.raises(StudioError, match=r"x\.h5 holds images, whose numbers lie in other files"):
        prepared(tmp_path / "cache", tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["others"] = IMAGES
    told = " ".join(prepared(tmp_path / "cache", tmp_path / "x.h5").report.warnings)
    assert "x.h5: not read: images, whose numbers lie in other files" in told


@pytest.mark.parametrize("filters", [{}, {"shuffle": True, "fletcher32": True}])
def test_a_chunk_that_unpacks_to_more_than_its_pictures(
    tmp_path: Path, filters: dict[str, bool]
) -> None:
    images = noise(2, 512, 512)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        how: dict[str, object] = {"chunks": (1, 512, 512, 3), "compression": "gzip", **filters}
        file.create_dataset("images", data=images, **how)
    data = prepared(tmp_path / "cache", tmp_path / "x.h5", image_size=512)
    assert np.array_equal(data.images, images)
    for more in (bytes(1 << 23), noise(1, 1024, 1024).tobytes()):
        with h5py.File(tmp_path / "x.h5", "a") as file:
            packed = zlib.compress(images[1].tobytes() + more)
            file["images"].id.write_direct_chunk((1, 0, 0, 0), packed)
        with pytest.raises(StudioError, match="holds more than its pictures"):
            prepared(tmp_path / "cache", tmp_path / "x.h5")


def test_labels_that_are_texts_of_any_length(tmp_path: Path) -> None:
    names = np.array(["cat", "a dog"] * 3, h5py.string_dtype())
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["images"], file["label"] = IMAGES, names
    data = prepared(tmp_path / "cache", tmp_path / "x.h5")
    assert data.class_names == ("a dog", "cat")
    assert list(data.labels if data.labels is not None else ()) == [1, 0] * 3


@pytest.mark.parametrize("note", ["model_config", "layer_names", None])
def test_a_model_of_keras_is_no_pictures(tmp_path: Path, note: str | None) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        kernel = "conv/kernel:0" if note else "layers/conv2d/vars/0"
        file[kernel] = np.zeros((3, 3, 3, 64), np.float32)
        if note is None:
            file.create_group("vars")
        else:
            file.attrs[note] = "{}"
    with pytest.raises(StudioError, match="model of Keras, and no pictures"):
        prepared(tmp_path / "cache", tmp_path / "x.h5")


def test_records_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"] = np.zeros(4, [("image", np.uint8, (8, 8, 3)), ("label", "i4")])
    with pytest.raises(StudioError, match="holds records of several fields, and no pictures"):
        prepared(tmp_path / "cache", tmp_path / "x.h5")


def test_of_a_spectrum_and_its_pictures_the_pictures_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["kspace"] = np.zeros((6, 32, 32), np.complex64)
        file["reconstruction"] = IMAGES[..., 0].repeat(4, 1).repeat(4, 2)
    assert prepared(tmp_path / "cache", tmp_path / "x.h5").images.shape[0] == len(IMAGES)


def _with_endless_heap(path: Path) -> None:
    """Set the size of the free space at the end of a file's global heap to 0 bytes."""
    content = bytearray(path.read_bytes())
    at = content.index(b"GCOL") + 16
    while index := int.from_bytes(content[at : at + 2], "little"):
        assert index > 0
        at += 16 + -(-int.from_bytes(content[at + 8 : at + 16], "little") // 8) * 8
    content[at + 8 : at + 16] = bytes(8)
    path.write_bytes(content)


@pytest.mark.parametrize("texts", ["note", "set"])
@pytest.mark.parametrize("packed", [False, True])
def test_texts_in_a_heap_without_an_end_never_reach_the_library(
    tmp_path: Path, texts: str, packed: bool
) -> None:
    path = tmp_path / "x.h5"
    names = ["cat", "dog"]
    with h5py.File(path, "w") as file:
        file["images"], file["labels"] = IMAGES, np.arange(6) % 2
        if texts == "note":
            file["images"].attrs["class_names"] = names
        else:
            file["class_names"] = names
    assert prepared(tmp_path / "cache", path).class_names == ("cat", "dog")
    _with_endless_heap(path)
    source = path
    if packed:
        source = tmp_path / "x.zip"
        with zipfile.ZipFile(source, "w") as archive:
            archive.write(path, "x.h5")
    with pytest.raises(StudioError, match="free space has no size"):
        prepared(tmp_path / "cache", source)


def test_a_heap_is_found_across_the_pieces_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    heap = b"GCOL\x01\0\0\0" + (4096).to_bytes(8, "little") + bytes(4080)
    sound = heap[:24] + (4080).to_bytes(8, "little") + heap[32:]
    for piece in range(60, 76):
        monkeypatch.setattr("ddpm_studio.data.formats.hdf5_heaps._READ_BYTES", piece)
        assert has_malformed_heap(io.BytesIO(bytes(64) + heap), 8)
        assert not has_malformed_heap(io.BytesIO(bytes(64) + sound), 8)
