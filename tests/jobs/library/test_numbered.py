import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import example_pictures, load_labelled_picture, load_picture, train
from ddpm_studio.jobs.events import Notice
from ddpm_studio.jobs.library.training_pictures import prepare_given_pictures
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


def test_a_picture_by_its_number(run: Path, pictures: Path, tmp_path: Path) -> None:
    for number in (0, 7):
        file = load_picture(pictures / f"{number}.png", run)
        assert np.array_equal(load_picture(Path(f"{pictures}#{number}"), run), file)
        assert np.array_equal(load_picture(Path(f"{run}#{number}"), run), file)
    with pytest.raises(StudioError, match=r"no picture 10 .* numbered 0 to 9"):
        load_picture(Path(f"{run}#10"), run)
    with pytest.raises(StudioError, match="no file or folder"):
        load_picture(Path(f"{tmp_path}/none#1"), run)


def train_on(source: Path, run: Path, **options: object) -> Path:
    request = REQUEST.model_copy(update={"steps": 1, "batch_size": 2, "sample_count": 0})
    finish(train([source], run, request, PrepareOptions.model_validate(options)))
    return run


@pytest.fixture(scope="module")
def dark_scan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Scans of 12 bits, the third of them dark; and the levels of that one, 0..255 for 0..4095."""
    scans = np.random.default_rng(0).integers(0, 4001, (4, 16, 16)).astype(np.uint16)
    scans[2] = scans[2] % 901
    folder = tmp_path_factory.mktemp("scans")
    for k, scan in enumerate(scans):
        Image.fromarray(scan).save(folder / f"{k}.png")
    return folder, np.rint(scans[2] * (255 / 4095)).astype(np.uint8)[..., None]


def test_a_picture_is_as_bright_alone_as_in_its_set(
    dark_scan: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    scans, levels = dark_scan
    run = train_on(scans, tmp_path / "run")
    alone = Path(shutil.copy(scans / "2.png", tmp_path / "alone.png"))
    for path in (alone, scans / "2.png", Path(f"{scans}#2"), Path(f"{run}#2")):
        assert np.array_equal(load_picture(path, run), levels), path
    assert np.array_equal(load_picture(Path(f"{alone}#0"), run), levels)
    assert np.array_equal(example_pictures(run, 2)[1], levels)
    # Bytes are levels, and so are other types of values, which are inferred.
    Image.fromarray(levels[..., 0]).save(tmp_path / "bytes.png")
    Image.fromarray(levels[..., 0] / np.float32(255)).save(tmp_path / "floats.tif")
    for name in ("bytes.png", "floats.tif"):
        assert np.array_equal(load_picture(tmp_path / name, run), levels)
    # Runs of 0.2.0 do not know the range of their set: the picture alone is taken for 10 bits.
    content = json.loads((run / "run.json").read_text())
    assert content["data"].pop("ranges") == "uint16=0..4095"
    (run / "run.json").write_text(json.dumps(content))
    by_itself = np.rint(np.asarray(Image.open(alone)) * (255 / 1023))[..., None]
    assert np.array_equal(load_picture(alone, run), by_itself)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-1, 1), (0, 1)])
def test_floats_alone_are_as_in_their_set(tmp_path: Path, low: float, high: float) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (3, 16, 16)).astype(np.float32)
    levels[1] = (levels[1] % 100 + 155) / 255 if high == 255 else levels[1] % 100 + 155
    (tmp_path / "set").mkdir()
    for k, one in enumerate(levels * np.float32((high - low) / 255) + np.float32(low)):
        Image.fromarray(one).save(tmp_path / "set" / f"{k}.tif")
    run = train_on(tmp_path / "set", tmp_path / "run")
    wanted = np.rint(levels[1]).astype(np.uint8)[..., None]
    assert np.array_equal(load_picture(Path(f"{run}#1"), run), wanted)
    assert np.array_equal(load_picture(tmp_path / "set" / "1.tif", run), wanted)


def test_arrays_alone_are_as_in_their_set(
    dark_scan: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    scans, levels = dark_scan
    arrays = np.stack([np.asarray(Image.open(scans / f"{k}.png")) for k in range(4)])
    np.save(tmp_path / "set.npy", arrays.astype(np.int32))
    np.save(tmp_path / "dark.npy", arrays[2:3].astype(np.int32))
    run = train_on(tmp_path / "set.npy", tmp_path / "run")
    assert np.array_equal(load_picture(tmp_path / "dark.npy", run), levels)
    assert np.array_equal(load_picture(Path(f"{tmp_path}/dark.npy#0"), run), levels)


def test_values_beyond_the_range_of_the_set_are_inferred_and_told(
    dark_scan: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    """Of a run on 12 bits a scan of 16, and of one on 0..1 floats up to 255, are not white."""
    scans, _ = dark_scan
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    Image.fromarray(levels[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    np.save(tmp_path / "deep.npy", levels[None, ..., 0].astype(np.uint16) * 257)
    np.save(tmp_path / "set.npy", np.random.default_rng(0).random((4, 16, 16), np.float32))
    np.save(tmp_path / "float.npy", levels[None, ..., 0].astype(np.float32))
    runs: dict[str, tuple[Path, str, str]] = {
        "uint16": (scans, "0..4095", "0..65535"),
        "float32": (tmp_path / "set.npy", "0..1", "0..255"),
    }
    for dtype, (source, usual, actual) in runs.items():
        run = train_on(source, tmp_path / dtype)
        told = (
            f"Values of {dtype} go beyond {usual}, the range of the training pictures: they are "
            f"read as {actual}, so that equal values are not equally bright."
        )
        files = ("deep.png", "deep.npy") if dtype == "uint16" else ("float.npy",)
        for name in (*files, f"{files[-1]}#0"):
            labelled = load_labelled_picture(tmp_path / name, run)
            assert np.array_equal(labelled.picture, levels)
            assert labelled.notice == told
        info = RunFolder.open(run).info
        events, dataset = finish(prepare_given_pictures(info, [tmp_path / files[-1]]))
        assert np.array_equal(dataset.images[0], levels)
        assert [event.text for event in events if isinstance(event, Notice)] == [told]
    assert load_labelled_picture(scans / "2.png", tmp_path / "uint16").notice == ""
    # A range that was asked for holds whatever the values.
    run = train_on(scans, tmp_path / "asked", range="0..4095")
    labelled = load_labelled_picture(tmp_path / "deep.png", run)
    assert (labelled.picture[levels > 16] == 255).all()
    assert labelled.notice == ""


def test_bytes_are_levels_beside_scans_whose_range_is_said(
    dark_scan: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    scans, levels = dark_scan
    mixed = Path(shutil.copytree(scans, tmp_path / "mixed"))
    Image.fromarray(levels[..., 0]).save(tmp_path / "bytes.png")
    shutil.copy(tmp_path / "bytes.png", mixed / "4.png")
    Image.fromarray(np.asarray(Image.open(scans / "2.png"), np.float32)).save(tmp_path / "a.tif")
    run = train_on(scans, tmp_path / "run", range="0..4095")
    assert np.array_equal(load_picture(tmp_path / "bytes.png", run), levels)
    assert np.array_equal(load_picture(tmp_path / "a.tif", run), levels)
    # In a set that has bytes the range is of these too.
    run = train_on(mixed, tmp_path / "of all", range="0..4095")
    assert load_picture(tmp_path / "bytes.png", run).max() < 255 / 16
    run = train_on(mixed, tmp_path / "of scans", range="uint16=0..4095")
    for path in (tmp_path / "bytes.png", mixed / "2.png"):
        assert np.array_equal(load_picture(path, run), levels)


def test_a_file_that_is_called_so_comes_first(run: Path, pictures: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((16, 16, 3), 7, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a#3")
    assert (load_picture(tmp_path / "a#3", run) == 7).all()


def test_of_an_embedded_set(run: Path) -> None:
    picture = load_picture(Path("sample:emoji#5"), run)
    assert picture.shape == (16, 16, 3)
    assert not np.array_equal(picture, load_picture(Path("sample:emoji#6"), run))
