"""Commands that reproduce a training, stage by stage; and reports when none can."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from ddpm_studio import cli
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.publishing.commands import data_args, evaluate_command
from ddpm_studio.jobs.publishing.packing import shared_info
from ddpm_studio.jobs.publishing.retraining import Retraining, retraining
from ddpm_studio.requests import EvaluateRequest, PrepareOptions, PublishRequest, TrainRequest
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.info import SamplingDefaults
from tests.recipe import PAPER

FIXTURE = Path(__file__).parents[2] / "runs" / "fixtures" / "0.1.0" / "classes" / "run"

USUAL: dict[str, Any] = {
    **PAPER,
    "batch_size": 2,
    "timesteps": 8,
    "sample_count": 0,
    "seed": 3,
    "device": "cpu",
    "precision": "float32",
    "warmup_steps": 2,
}


def trained(run: Path, pictures: Path, *stages: tuple[dict[str, Any], int]) -> RunFolder:
    """Train in stages, each stopped at a given step whatever its planned length; return the run."""
    for number, (asked, end) in enumerate(stages):
        request = TrainRequest.model_validate(asked if number else {**USUAL, **asked})
        job = train(
            [pictures] if not number else [], run, request, PrepareOptions(), resume=bool(number)
        )
        try:
            for event in job:
                if isinstance(event, Progress) and event.text == "Training" and event.done == end:
                    break
        finally:
            job.close()
    return RunFolder.open(run)


def told(run: RunFolder, name: Path | str = "again") -> Retraining:
    """Return the commands to be run in the working directory of the tests."""
    return retraining(run.info, run.newest().step, str(name), Path.cwd())


def test_a_run_that_was_changed_and_stopped_takes_a_command_for_each_stage(
    pictures: Path, tmp_path: Path
) -> None:
    """Trained for 2 steps; then 6 planned, stopped at 4; then another batch size, stopped at 5."""
    run = trained(
        tmp_path / "run",
        pictures,
        ({"steps": 2}, 2),
        ({"steps": 6, "device": "cpu"}, 4),
        ({"steps": 6, "batch_size": 3, "device": "cpu"}, 5),
    )
    assert run.newest().step == 5
    again = told(run, tmp_path / "again")
    assert again.exact
    assert [shlex.split(line)[1:2] for line in again.commands] == [["train"]] * 3
    assert "planned for 6 steps, and is at step 5" in " ".join(again.remarks)
    assert "from step 2 with other settings: steps 2 → 6" in " ".join(again.remarks)
    for line in again.commands:
        assert cli.run([*shlex.split(line)[1:], "--device", "cpu"]) == 0
    ours, theirs = RunFolder.open(tmp_path / "again").newest(), run.newest()
    assert ours.step == theirs.step
    for weights in ("model", "ema"):
        first, second = ours.load(weights), theirs.load(weights)
        assert all(torch.equal(first[name], second[name]) for name in second)


def test_no_command_gives_one_whose_rate_fell_towards_another_end(
    pictures: Path, tmp_path: Path
) -> None:
    run = trained(tmp_path / "run", pictures, ({"steps": 6, "learning_rate_schedule": "cosine"}, 4))
    again = told(run)
    assert not again.exact
    (line,) = again.commands
    assert "--steps 6" in line
    assert again.remarks == ["It was planned for 6 steps, and is at step 4."]


@pytest.mark.parametrize("steps", [6, 5])
def test_a_plan_that_was_changed_midway_takes_commands_that_run(
    pictures: Path, tmp_path: Path, steps: int
) -> None:
    """A first command up to the planned 6 steps would leave none to the second, which fails."""
    run = trained(
        tmp_path / "run",
        pictures,
        ({"steps": 6, "learning_rate_schedule": "cosine"}, 4),
        ({"steps": steps, "learning_rate": 1e-3, "device": "cpu"}, steps),
    )
    again = told(run, tmp_path / "again")
    # The learning rate fell towards step 6 up to step 4, which no command repeats.
    assert not again.exact
    assert len(again.commands) == 2
    for line in again.commands:
        assert cli.run([*shlex.split(line)[1:], "--device", "cpu"]) == 0
    retrained = RunFolder.open(tmp_path / "again")
    assert retrained.newest().step == run.newest().step == steps
    assert [change.step for change in retrained.info.changes] == [4]


def test_no_command_gives_one_that_went_on_with_other_pictures(
    pictures: Path, tmp_path: Path
) -> None:
    run, folder = tmp_path / "run", tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    trained(run, folder, ({"steps": 4}, 2))
    assert told(RunFolder.open(run)).exact
    (folder / "one more.png").write_bytes((folder / "0.png").read_bytes())
    job = train([], run, TrainRequest(steps=4, device="cpu"), PrepareOptions(), resume=True)
    for _ in job:
        pass
    again = told(RunFolder.open(run))
    assert not again.exact
    assert again.remarks == ["It went on from step 2 with other pictures: 11 in place of 10."]
    request = PublishRequest(run=run, title="Grown", license="mit")
    assert str(tmp_path) not in shared_info(RunFolder.open(run).info, request).model_dump_json()


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("moved", [False, True])
def test_other_pictures_alone_leave_the_fall_of_the_rate(
    pictures: Path, tmp_path: Path, schedule: str, moved: bool
) -> None:
    """Only a rate that does not fall towards the end allows a command that stops midway."""
    first, run = tmp_path / "first", tmp_path / "run"
    shutil.copytree(pictures, first)
    trained(run, first, ({"steps": 4, "learning_rate_schedule": schedule}, 2))
    others = Path(shutil.copytree(first, tmp_path / "others")) if moved else first
    (others / "one more.png").write_bytes((others / "0.png").read_bytes())
    request = TrainRequest(steps=4, device="cpu")
    for _ in train([others], run, request, PrepareOptions(), resume=True):
        pass
    again = told(RunFolder.open(run), tmp_path / "again")
    assert not again.exact
    told_change = "It went on from step 2 with other pictures: 11 in place of 10."
    words = [shlex.split(line) for line in again.commands]
    assert [line[line.index("--steps") + 1] for line in words] == ["2", "4"][-len(words) :]
    assert Path(words[0][2]).resolve() == first.resolve()
    if moved and schedule == "constant":
        assert again.remarks == [told_change]
        assert Path(words[1][2]).resolve() == others.resolve()
    else:
        assert len(words) == 1
        assert again.remarks[0] == told_change
        assert len(again.remarks) == (2 if moved else 1)
        assert not moved or "others" in again.remarks[1]
    for line in words:
        assert cli.run([*line[1:], "--device", "cpu"]) == 0
    ours, theirs = RunFolder.open(tmp_path / "again"), RunFolder.open(run)
    assert ours.newest().step == 4
    assert ours.info.newest_data is not None
    assert theirs.info.newest_data is not None
    same_end = moved and schedule == "constant"
    assert (ours.info.newest_data == theirs.info.newest_data) == (same_end or not moved)


def test_pictures_of_a_falling_rate_come_with_the_next_stage(
    pictures: Path, tmp_path: Path
) -> None:
    first, run = tmp_path / "first", tmp_path / "run"
    shutil.copytree(pictures, first)
    trained(run, first, ({"steps": 4, "learning_rate_schedule": "cosine"}, 2))
    others = Path(shutil.copytree(first, tmp_path / "others"))
    (others / "one more.png").write_bytes((others / "0.png").read_bytes())
    for steps in (4, 6):
        request = TrainRequest(steps=steps, device="cpu")
        given = [others] if steps == 4 else []
        for _ in train(given, run, request, PrepareOptions(), resume=True):
            pass
    again = told(RunFolder.open(run), tmp_path / "again")
    assert not again.exact
    assert not [remark for remark in again.remarks if "No command" in remark]
    words = [shlex.split(line) for line in again.commands]
    assert [Path(line[2]).resolve() for line in words] == [first.resolve(), others.resolve()]
    for line in words:
        assert cli.run([*line[1:], "--device", "cpu"]) == 0
    assert RunFolder.open(tmp_path / "again").newest().step == 6


def test_trained_to_its_end_one_command_gives_it(pictures: Path, tmp_path: Path) -> None:
    asked = {"steps": 2, "learning_rate_schedule": "cosine"}
    again = told(trained(tmp_path / "run", pictures, (asked, 2)))
    assert again.exact
    assert len(again.commands) == 1
    assert again.remarks == []


def tuned(base: Path, pictures: Path, run: Path) -> RunFolder:
    request = TrainRequest.model_validate({**USUAL, "steps": 3, "learning_rate_schedule": "cosine"})
    for _ in train([pictures], run, request, PrepareOptions(), start_from=base):
        pass
    return RunFolder.open(run)


def test_a_fine_tuned_run_is_trained_again_with_its_base(pictures: Path, tmp_path: Path) -> None:
    """The recorded base is enough: its folder may be gone."""
    base = trained(tmp_path / "base", pictures, ({"steps": 2}, 2), ({"steps": 4}, 4))
    run = tuned(base.path, pictures, tmp_path / "run")
    shutil.rmtree(base.path)
    base_data = run.info.base
    assert base_data is not None
    assert base_data.step == 4
    again = told(run, tmp_path / "again")
    assert again.exact
    assert again.remarks == [
        "It was fine-tuned from step 4 of base.",
        "Of that model: It went on from step 2 with other settings: steps 2 → 4.",
    ]
    assert len(again.commands) == 3
    for line in again.commands:
        assert cli.run([*shlex.split(line)[1:], "--device", "cpu"]) == 0
    ours, theirs = RunFolder.open(tmp_path / "again").newest(), run.newest()
    assert ours.step == theirs.step == 3
    first, second = ours.load("ema"), theirs.load("ema")
    assert all(torch.equal(first[name], second[name]) for name in second)


def test_a_packed_base_is_no_exact_one(ready: Path, toy_pictures: Path, tmp_path: Path) -> None:
    """A packed model holds its weights in half precision; its training gives them in full."""
    again = told(tuned(ready, toy_pictures, tmp_path / "run"))
    assert not again.exact
    assert len(again.commands) == 2
    assert shlex.split(again.commands[1])[-2:] != ["--from", "ready:toy"]
    assert "again-base" in shlex.split(again.commands[0])
    assert again.remarks[0].endswith("in half precision.")


def test_a_packed_model_tells_no_path_of_its_bases(
    ready: Path, toy_pictures: Path, tmp_path: Path
) -> None:
    """Neither sources nor teachers of any base are told by paths of this machine."""
    info = tuned(ready, toy_pictures, tmp_path / "run").info
    assert info.base is not None
    teacher = {"teacher": "/home/someone/runs/teacher", "teacher_id": "0" * 32, "teacher_step": 1}
    data = {**info.base.run["data"], "sources": ["/home/someone/pictures"]}
    told = {**info.base.run, "student": teacher, "data": data, "start_from": "/home/someone/old"}
    base = info.base.model_copy(update={"run": told})
    request = PublishRequest(run=tmp_path / "run", title="Tuned", license="mit")
    shared = shared_info(info.model_copy(update={"base": base}), request)
    assert "someone" not in shared.model_dump_json()
    assert shared.base is not None
    assert shared.base.run["student"]["teacher"] == "teacher"


def test_a_base_that_was_not_recorded_is_named(
    ready: Path, toy_pictures: Path, tmp_path: Path
) -> None:
    """Runs of earlier versions name their base by its folder alone."""
    run = tuned(ready, toy_pictures, tmp_path / "run")
    info = run.info.model_copy(update={"base": None})
    (line,) = retraining(info, 3, "again").commands
    words = shlex.split(line)
    assert words[words.index("--from") + 1] == "ready:toy"


def test_pictures_that_a_run_was_named_for_are_not_taken_for_the_run(tmp_path: Path) -> None:
    """A source is not mistaken for the run that the window named after it."""
    pictures = tmp_path / "Pictures" / "mine"
    pictures.mkdir(parents=True)
    folder = tmp_path / "share" / "runs"
    (folder / "mine").mkdir(parents=True)
    (word,) = data_args([str(pictures)], folder)
    assert (folder / word).resolve() == pictures
    assert str(tmp_path) not in word
    assert data_args(["sample:emoji"], folder) == ["sample:emoji"]


@pytest.mark.parametrize("place", ["gone/mine"])
def test_pictures_that_are_gone_are_named_only(tmp_path: Path, place: str) -> None:
    assert data_args([str(tmp_path / place)], tmp_path) == ["mine"]


def test_a_preset_whose_plug_in_is_gone_is_spelt_out(pictures: Path, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", pictures, ({"steps": 1}, 1))
    assert run.info.request is not None
    gone = run.info.request.model_copy(update={"preset": "gone-large"})
    (line,) = retraining(run.info.model_copy(update={"request": gone}), 1, "again").commands
    words = shlex.split(line)
    assert words[words.index("--preset") + 1] == "gone-large"
    # The preset's recipe, which would imply these settings, is gone too.
    assert words[words.index("--learning-rate") + 1] == str(gone.learning_rate)
    assert words[words.index("--schedule") + 1] == gone.schedule


@pytest.mark.parametrize(
    ("process", "guidance", "spelt"),
    [
        ({}, None, []),
        ({"clip_x0": False}, None, ["--clip-x0"]),
        ({"variance": "fixed_small"}, None, ["--variance", "fixed_large"]),
        ({}, 2.0, ["--guidance", "1.0"]),
    ],
)
def test_what_the_model_would_bring_else_is_spelt(
    process: dict[str, object], guidance: float | None, spelt: list[str]
) -> None:
    """The command spells out the evaluation's settings where the model's defaults differ."""
    info = RunFolder.open(FIXTURE).info
    drawing = None if guidance is None else SamplingDefaults(guidance=guidance)
    processes = info.process.model_copy(update=process)
    info = info.model_copy(update={"process": processes, "drawing": drawing})
    asked = EvaluateRequest(run=FIXTURE, sampler="ddpm", clip_x0=True, guidance=1.0)
    words = shlex.split(evaluate_command(info, 60, asked, "toy", ["photos"]))
    assert words == ["ddpm-studio", "evaluate", "toy", "photos", *spelt, "--sampler", "ddpm"]
