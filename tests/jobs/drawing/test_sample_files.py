"""Sample files, streamed to disk: the same pictures, in bounded memory, written atomically."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export import open_npz, read_recipe
from ddpm_studio.jobs import ModelStore, sample, sample_to_file, train
from ddpm_studio.jobs.drawing import rank_drawing
from ddpm_studio.jobs.drawing.picture_files import label_at, save_drawing
from ddpm_studio.requests import GridOptions, PrepareOptions, SampleRequest
from tests.jobs.conftest import REQUEST, finish


@pytest.fixture(scope="module")
def classes(class_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("by-class") / "run"
    request = REQUEST.model_copy(update={"class_conditional": True, "steps": 2})
    finish(train([class_folder], run, request, PrepareOptions()))
    return run


@pytest.fixture
def batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_drawing, "batch_limit", lambda *_: 2)


@pytest.mark.usefixtures("batches_of_two")
@pytest.mark.parametrize("name", ["a.npz", "a.zip", "folder"])
def test_the_same_pictures_as_in_memory(name: str, run: Path, tmp_path: Path) -> None:
    request = SampleRequest(run=run, count=5, steps=2, seed=3, device="cpu")
    _, drawn = finish(sample(request, ModelStore()))
    _, recipe = finish(sample_to_file(request, tmp_path / name, ModelStore()))
    assert recipe == drawn.recipe
    if name == "a.npz":
        with np.load(tmp_path / name) as arrays:
            assert arrays.files == ["arr_0"]
            assert arrays["arr_0"].dtype == np.uint8
            assert np.array_equal(arrays["arr_0"], drawn.pictures)
        return
    if name == "a.zip":
        zipfile.ZipFile(tmp_path / name).extractall(tmp_path / "folder")
    files = sorted((tmp_path / "folder").iterdir())
    assert [file.name for file in files] == [f"{k:05}.png" for k in range(5)]
    for index, file in enumerate(files):
        assert np.array_equal(np.asarray(Image.open(file)), drawn.pictures[index])
        assert read_recipe(file) == {**drawn.recipe, "index": index}


@pytest.mark.usefixtures("batches_of_two")
def test_all_classes_in_turn_with_labels(classes: Path, tmp_path: Path) -> None:
    request = SampleRequest(run=classes, count=7, steps=2, device="cpu", all_classes=True)
    finish(sample_to_file(request, tmp_path / "a.npz", ModelStore()))
    _, drawn = finish(sample(request, ModelStore()))
    with np.load(tmp_path / "a.npz") as arrays:
        labels, pictures = arrays["arr_1"], arrays["arr_0"]
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert np.array_equal(pictures, drawn.pictures)
    # Each picture is determined by its number and its class.
    for label in (0, 1):
        alone = request.model_copy(update={"all_classes": False, "class_label": label})
        _, one = finish(sample(alone, ModelStore()))
        assert np.array_equal(one.pictures[labels == label], pictures[labels == label])
    finish(save_drawing(tmp_path / "b.npz", drawn.pictures, drawn.recipe, GridOptions()))
    with np.load(tmp_path / "b.npz") as arrays:
        assert arrays["arr_1"].tolist() == labels.tolist()


def test_one_class_is_labelled_too(classes: Path, tmp_path: Path) -> None:
    request = SampleRequest(run=classes, count=2, steps=2, device="cpu", class_label=1)
    finish(sample_to_file(request, tmp_path / "a.npz", ModelStore()))
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["arr_1"].tolist() == [1, 1]


@pytest.mark.parametrize(("classes", "count"), [(2, 7), (3, 2), (10, 50), (7, 7), (1, 5), (4, 9)])
def test_each_number_is_of_the_class_that_has_it(classes: int, count: int) -> None:
    recipe = {"classes": classes, "request": {"all_classes": True, "count": count}}
    told = [label_at(recipe, number) for number in range(count)]
    assert told[:classes] == list(range(min(classes, count)))
    assert told[classes:] == told[: max(0, count - classes)]
    # The class of picture k does not depend on the count.
    assert label_at({**recipe, "request": {"all_classes": True, "count": 100}}, 1) == 1 % classes


@pytest.mark.parametrize(
    "recipe",
    [
        {"classes": 0, "request": {"all_classes": True}},
        {"classes": -2, "request": {"all_classes": True}},
        {"classes": True, "request": {"class_label": True, "all_classes": True}},
        {"classes": 2, "request": "all_classes"},
    ],
)
def test_a_damaged_recipe_has_no_class(recipe: dict[str, object]) -> None:
    assert label_at(recipe, 1) is None


@pytest.mark.usefixtures("batches_of_two")
@pytest.mark.parametrize("name", ["a.npz", "a.zip", "folder"])
def test_closed_early_nothing_is_left(name: str, run: Path, tmp_path: Path) -> None:
    request = SampleRequest(run=run, count=5, steps=2, device="cpu")
    job = sample_to_file(request, tmp_path / name, ModelStore())
    for _ in range(6):
        next(job)
    job.close()
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    batch = np.zeros((64, 32, 32, 3), np.uint8)
    tracemalloc.start()
    with open_npz(tmp_path / "a.npz", 50 * 64) as take:
        for number in range(50):
            take(batch, [number] * 64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["arr_0"].shape == (3200, 32, 32, 3)
        assert arrays["arr_1"][-1] == 49


def test_too_few_pictures_make_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(StudioError, match="1 picture came for 2"),
        open_npz(tmp_path / "a.npz", 2) as take,
    ):
        take(np.zeros((1, 4, 4, 3), np.uint8), None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"all_classes": True}, "without classes"),
        ({"frames": 3}, "Moments of the way"),
    ],
)
def test_what_can_not_be_written_so(
    fields: dict[str, object], message: str, run: Path, tmp_path: Path
) -> None:
    request = SampleRequest.model_validate({"run": run, "count": 1, "steps": 1, **fields})
    with pytest.raises(StudioError, match=message):
        finish(sample_to_file(request, tmp_path / "a.npz", ModelStore()))
    assert not list(tmp_path.iterdir())
