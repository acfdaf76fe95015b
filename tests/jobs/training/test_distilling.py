"""Distillation of few-step students: the run folder, exact resuming, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, describe_run, distill, sample, train
from ddpm_studio.jobs.drawing.recipes import run_id
from ddpm_studio.jobs.events import CheckpointSaved, Progress, SampleGrid, TrainStep
from ddpm_studio.jobs.training.distilling import resume_student_request
from ddpm_studio.requests import DistillRequest, PrepareOptions, SampleRequest, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


def request(teacher: Path, **changes: object) -> DistillRequest:
    told = {"steps": 6, "batch_size": 4, "sample_count": 2, "seed": 5, "device": "cpu", "stages": 3}
    return DistillRequest(run=teacher, **{**told, **changes})


@pytest.fixture(scope="module")
def student(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("students") / "of bars"
    finish(distill(request(run), folder))
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    newest = RunFolder.open(folder).newest()
    return {**newest.load("model"), **{f"ema.{k}": v for k, v in newest.load("ema").items()}}


def test_a_student_s_folder_is_a_run_that_says_of_whom(run: Path, student: Path) -> None:
    info, teacher = RunFolder.open(student).info, RunFolder.open(run).info
    told = json.loads((student / "run.json").read_text())["student"]
    assert told["teacher"] == str(run.resolve())
    assert told["teacher_id"] == run_id(json.loads((run / "run.json").read_text()))
    assert (told["teacher_step"], told["sampler"], told["steps"]) == (4, "consistency", 2)
    # Six steps in three stages.
    assert (told["stages"], told["stage_steps"], told["q"]) == (3, 2, 2.0)
    assert info.process == teacher.process
    assert info.network == teacher.network
    assert info.data == teacher.data
    assert info.request is not None
    assert teacher.request is not None
    assert info.request.flip == teacher.request.flip
    assert (info.request.steps, info.request.learning_rate) == (6, 2e-4)
    summary = describe_run(student)
    assert (summary.teacher, summary.sampler, summary.sampler_steps) == (
        str(run.resolve()),
        "consistency",
        2,
    )
    assert "student" not in json.loads((run / "run.json").read_text())
    assert describe_run(run).teacher is None


def test_it_begins_as_its_teacher_and_goes_on_from_there(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    job = distill(request(run, checkpoint_every=1, warmup_steps=1000), folder)
    events = []
    for event in job:
        events.append(event)
        if isinstance(event, CheckpointSaved):
            break
    job.close()
    # The first of a thousand warm-up steps hardly changes the weights.
    began, teacher = RunFolder.open(folder).newest().load("model"), RunFolder.open(run).newest()
    for key, value in teacher.load("ema").items():
        torch.testing.assert_close(began[key], value, rtol=0, atol=1e-5)


def test_interrupted_and_resumed_it_is_the_same(run: Path, student: Path, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    job = distill(request(run), folder)
    for event in job:
        if isinstance(event, Progress) and event.text == "Training" and event.done == 3:
            break
    job.close()
    assert RunFolder.open(folder).newest().step == 3
    asked = resume_student_request(folder, {}, request(run))
    assert asked.steps == 6
    finish(train([], folder, asked, PrepareOptions(), resume=True))
    through, resumed = weights(student), weights(folder)
    assert through.keys() == resumed.keys()
    for key, value in through.items():
        assert torch.equal(value, resumed[key]), key


def test_a_longer_student_goes_on_at_the_stages_it_had(student: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(student, tmp_path / "student")
    asked = resume_student_request(folder, {"steps"}, request(student, steps=8))
    _, result = finish(train([], folder, asked, PrepareOptions(), resume=True))
    assert result.step == 8
    told = RunFolder.open(folder).info.student
    assert told is not None
    assert told.stage_steps == 2


def test_previews_are_drawn_as_a_student_draws(run: Path, tmp_path: Path) -> None:
    events, _ = finish(distill(request(run, steps=2, draw_steps=1), tmp_path / "student"))
    grids = [event for event in events if isinstance(event, SampleGrid)]
    assert [grid.step for grid in grids] == [2]
    drawing = [e for e in events if isinstance(e, Progress) and e.text == "Drawing samples"]
    # For raw and averaged weights each, one frame before the only step and one after it.
    assert len(drawing) == 4
    assert len([event for event in events if isinstance(event, TrainStep)]) == 2


def test_a_length_in_minutes_is_in_steps_and_stages(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    job = distill(request(run, minutes=0.05), folder)
    for event in job:
        if isinstance(event, Progress) and event.text == "Training":
            break
    info = RunFolder.open(folder).info
    job.close()
    assert info.request is not None
    assert info.student is not None
    assert info.request.minutes is None
    assert info.student.stage_steps == max(1, info.request.steps // 3)


@pytest.mark.parametrize("wanted", [None, 0.0, 0.4])
def test_its_dropout_is_its_teacher_s_unless_asked_for(
    wanted: float | None, run: Path, tmp_path: Path
) -> None:
    finish(distill(request(run, dropout=wanted, steps=1, sample_count=0), tmp_path / "student"))
    info, expected = RunFolder.open(tmp_path / "student").info, 0.1 if wanted is None else wanted
    assert info.request is not None
    assert info.request.dropout == expected
    assert info.network_config().dropout == expected
    assert RunFolder.open(run).info.network_config().dropout == 0.1


def test_classes_are_learnt_on(class_folder: Path, tmp_path: Path) -> None:
    teacher, folder = tmp_path / "teacher", tmp_path / "student"
    asked = REQUEST.model_copy(update={"class_conditional": True, "steps": 2, "sample_count": 0})
    finish(train([class_folder], teacher, asked, PrepareOptions()))
    finish(distill(request(teacher, steps=2, sample_count=0), folder))
    told = SampleRequest(run=folder, count=2, device="cpu", class_label=1)
    finish(sample(told, ModelStore()))
    assert describe_run(folder).known_classes == ("bright", "dark")
    with pytest.raises(StudioError, match="class"):
        finish(sample(told.model_copy(update={"class_label": 2}), ModelStore()))


def test_an_imported_teacher_s_classes_are_kept_by_number(
    class_folder: Path, tmp_path: Path
) -> None:
    """An import knows its classes by number alone, the folders of pictures give them names."""
    teacher, folder = tmp_path / "teacher", tmp_path / "student"
    asked = REQUEST.model_copy(update={"class_conditional": True, "steps": 2, "sample_count": 0})
    finish(train([class_folder], teacher, asked, PrepareOptions()))
    told = json.loads((teacher / "run.json").read_text())
    told |= {"request": None, "data": None, "origin": "elsewhere"}
    (teacher / "run.json").write_text(json.dumps(told))
    table = RunFolder.open(teacher).newest().load("ema")["label.weight"]
    assert not torch.allclose(table[0], table[1], atol=1e-3)
    # The first of a thousand warm-up steps hardly changes the weights.
    slow = request(teacher, steps=1, warmup_steps=1000, sample_count=0)
    finish(distill(slow, folder, [class_folder]))
    begun = RunFolder.open(folder).newest().load("model")["label.weight"]
    torch.testing.assert_close(begun, table, rtol=0, atol=1e-5)
    assert describe_run(folder).known_classes == ("bright", "dark")


def test_other_pictures_may_be_named(run: Path, pictures: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for k in range(3):
        shutil.copy(pictures / f"{k}.png", few)
    finish(distill(request(run, steps=1, sample_count=0), tmp_path / "student", [few]))
    info = RunFolder.open(tmp_path / "student").info
    assert info.data is not None
    assert (info.data.count, info.data.sources) == (3, (str(few),))
    with pytest.raises(StudioError):
        finish(distill(request(run, steps=1), tmp_path / "none", [tmp_path / "nowhere"]))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameterization": "mu"}, "predicts the mean of the step"),
        ({"parameterization": "v", "zero_terminal_snr": True}, "zero terminal SNR"),
    ],
)
def test_who_can_t_have_a_student(
    changes: dict[str, object], message: str, pictures: Path, tmp_path: Path
) -> None:
    teacher = tmp_path / "teacher"
    asked = TrainRequest(**{**REQUEST.model_dump(), "steps": 1, "sample_count": 0, **changes})
    finish(train([pictures], teacher, asked, PrepareOptions()))
    with pytest.raises(StudioError, match=message) as caught:
        finish(distill(request(teacher), tmp_path / "student"))
    assert "teacher can't have a few-step student" in str(caught.value)
    assert not (tmp_path / "student").exists()


def test_a_student_has_none(student: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="is a few-step student itself"):
        finish(distill(request(student), tmp_path / "student"))


def test_what_it_was_begun_with_stays(run: Path, student: Path) -> None:
    with pytest.raises(StudioError, match=r"shrink 2\.0, which can't become 4\.0"):
        resume_student_request(student, {"shrink"}, request(run, shrink=4.0))
    with pytest.raises(StudioError, match=r"dropout 0\.1, which can't become 0\.5"):
        resume_student_request(student, {"dropout"}, request(run, dropout=0.5))
    assert resume_student_request(student, {"stages", "learning_rate"}, request(run)).steps == 6
    with pytest.raises(StudioError, match="is no few-step student"):
        resume_student_request(run, {}, request(run))


def test_an_imported_model_may_have_one(run: Path, pictures: Path, tmp_path: Path) -> None:
    """An imported model, with unknown training and pictures, can be a teacher given pictures."""
    other = shutil.copytree(run, tmp_path / "elsewhere")
    told = json.loads((other / "run.json").read_text())
    told |= {"request": None, "data": None, "origin": "elsewhere"}
    (other / "run.json").write_text(json.dumps(told))
    with pytest.raises(StudioError, match="not known what this model was trained on"):
        finish(distill(request(other), tmp_path / "none"))
    finish(distill(request(other, steps=1, sample_count=0), tmp_path / "student", [pictures]))
    info = RunFolder.open(tmp_path / "student").info
    assert info.request is not None
    assert (info.request.parameterization, info.request.timesteps) == ("eps", 20)


def test_defaults_do_not_hang_on_a_preset(run: Path) -> None:
    asked = DistillRequest(run=run)
    assert (asked.steps, asked.warmup_steps, asked.batch_size) == (4000, 100, 32)
    assert TrainRequest(preset="ddpm32").warmup_steps == 5000
