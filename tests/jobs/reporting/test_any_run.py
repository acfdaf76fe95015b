"""Reports of runs of all kinds: each section that a run does not allow states the reason."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio import cli
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, distill, export_diffusers, import_model, report, train
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.reporting.bound import bound
from ddpm_studio.jobs.reporting.subject import Subject
from ddpm_studio.requests import (
    DistillRequest,
    PrepareOptions,
    ReportRequest,
    SampleRequest,
    TrainRequest,
)
from ddpm_studio.runs import evaluations
from tests.evaluations import evaluation
from tests.jobs.conftest import REQUEST, finish
from tests.report_pages import Element, read, tiles
from tests.shapes import shape_of, train_shapes

_PARTS = 10


def made(run: Path, place: Path, *sources: Path, **fields: Any) -> dict[str, Element]:
    few = {"quick": True, "steps": 2, "count": 1, "timesteps": 3, "device": "cpu", **fields}
    request = ReportRequest.model_validate({"run": run, **few})
    events, path = finish(report(request, sources, place / "report.html", ModelStore()))
    check_progress(events)
    return read(path)


def check_progress(events: list[Any]) -> None:
    """Assert that the report's progress never decreases, and ends at the total."""
    shares = [e.done for e in events if isinstance(e, Progress) and e.text == "Making the report"]
    assert shares == sorted(shares)
    assert len(set(shares)) > 2
    assert shares[-1] == next(e.total for e in events[::-1] if isinstance(e, Progress))


def missing(section: Element) -> str:
    return " ".join(one.text for one in section.all("p", "missing"))


@pytest.mark.parametrize("kind", ["RGBA", "gray + alpha", "5 bands"])
def test_of_any_shape(tmp_path: Path, kind: str) -> None:
    (tmp_path / "trained").mkdir()
    run = train_shapes(tmp_path / "trained", kind)
    sections = made(run, tmp_path)
    assert len(sections) == _PARTS
    seen = (*shape_of(kind)[:2], 3 if kind == "5 bands" else shape_of(kind)[2])
    for part in ("samples", "progressive", "share", "interpolate", "neighbours"):
        assert missing(sections[part]) == ""
        assert sections[part].pictures.shape[1:] == seen
        alpha = bool(sections[part].all("div", "alpha"))
        assert alpha == (kind != "5 bands")
    assert len(sections["model"].all("image")) == 6
    assert len(sections["bits"].all("svg", "plot")) == 5


def test_wide_pictures_have_a_neighbour_each(tmp_path: Path) -> None:
    """Two fill a row: the sample, and its nearest one."""
    source = tmp_path / "levels"
    source.mkdir()
    for level in (60, 200):
        Image.new("L", (272, 16), level).save(source / f"{level}.png")
    asked = TrainRequest(steps=1, batch_size=1, timesteps=8, sample_count=0, device="cpu")
    finish(train([source], tmp_path / "run", asked, PrepareOptions(image_size="272x16")))
    (section,) = made(tmp_path / "run", tmp_path, only="neighbours").values()
    assert missing(section) == ""
    shown = section.pictures
    assert shown.shape == (4, 16, 272, 1), "two samples, and the nearest to each"
    assert all(np.unique(one).tolist() in ([60], [200]) for one in shown[1::2])


@pytest.mark.parametrize("parameterization", ["edm", "flow", "x0"])
def test_whatever_it_predicts(parameterization: str, pictures: Path, tmp_path: Path) -> None:
    asked = TrainRequest(
        steps=2,
        batch_size=2,
        timesteps=12,
        sample_count=0,
        parameterization=parameterization,
        held_out=0.3,
        device="cpu",
    )
    finish(train([pictures], tmp_path / "run", asked, PrepareOptions()))
    sections = made(tmp_path / "run", tmp_path)
    assert len(sections) == _PARTS
    told = "".join(missing(one) for name, one in sections.items() if name != "quality")
    assert told == ""
    assert "held out" in sections["training"].text
    assert "30% of them were held out" in sections["bits"].text


def test_a_student_says_why_it_has_no_bits(run: Path, tmp_path: Path) -> None:
    asked = DistillRequest(run=run, steps=2, batch_size=2, sample_count=0, device="cpu")
    finish(distill(asked, tmp_path / "student"))
    sections = made(tmp_path / "student", tmp_path, steps=None)
    assert "needs a model of each step" in missing(sections["bits"])
    for part in ("samples", "progressive", "share", "interpolate", "neighbours"):
        assert missing(sections[part]) == ""
        assert "--sampler" not in " ".join(sections[part].commands)
    assert "Consistency in 2 steps" in sections["samples"].text
    models = ModelStore()
    costs = []
    for place in (run, tmp_path / "student"):
        request = ReportRequest(run=place, timesteps=3, count=4)
        subject = Subject(request, models.get(place, "ema", "cpu"), models, (), None)
        costs.append(bound(subject).cost)
    assert costs == [12, 0], "what is never measured is not forecast"


def test_an_imported_model_has_no_training_and_no_pictures(
    run: Path, pictures: Path, tmp_path: Path
) -> None:
    finish(export_diffusers(run, tmp_path / "out"))
    finish(import_model(tmp_path / "out", tmp_path / "model"))
    sections = made(tmp_path / "model", tmp_path)
    assert "trained elsewhere" in missing(sections["training"])
    assert "trained elsewhere" in missing(sections["settings"])
    assert "not known what this model was trained on" in missing(sections["bits"])
    assert "no training pictures" in missing(sections["neighbours"])
    # Then sections start from pictures that the model draws, which a first command makes.
    for part in ("share", "interpolate"):
        for figure in sections[part].all("figure"):
            first, second = figure.commands[:2]
            assert first.startswith("ddpm-studio sample model")
            assert f" {shlex.split(first)[-1]}/00000.png " in second
    for part in ("model", "share", "interpolate"):
        assert "sample" in sections[part].text
    sections = made(tmp_path / "model", tmp_path, pictures)
    assert missing(sections["bits"]) == ""
    assert "other pictures" in sections["bits"].text


def test_a_run_whose_pictures_are_gone(pictures: Path, tmp_path: Path) -> None:
    theirs = shutil.copytree(pictures, tmp_path / "theirs")
    asked = TrainRequest(
        steps=1, batch_size=2, timesteps=8, sample_count=0, flip=False, device="cpu"
    )
    finish(train([theirs], tmp_path / "run", asked, PrepareOptions()))
    shutil.rmtree(theirs)
    kept = made(tmp_path / "run", tmp_path)
    assert missing(kept["bits"] if "bits" in kept else kept["samples"]) == ""
    shutil.rmtree(tmp_path / "cache")
    sections = made(tmp_path / "run", tmp_path)
    assert "theirs" in missing(sections["bits"])
    assert len(sections) == _PARTS


def test_a_plot_of_quality_joins_only_evaluations_that_are_alike(run: Path, tmp_path: Path) -> None:
    place = shutil.copytree(run, tmp_path / "own")
    for one in (
        evaluation(1),
        evaluation(2, 1.5),
        evaluation(3, 9.0, sampler="walk"),
        evaluation(4, 8.0, sampler="other-walk"),
    ):
        evaluations.append(place, one)
    request = ReportRequest(run=place, only="quality", device="cpu")
    _, path = finish(report(request, [], tmp_path / "report.html", ModelStore()))
    figures = read(path)["quality"].all("figure")
    assert [len(figure.all("svg")) for figure in figures] == [1, 0, 0]
    told = [figure.all("figcaption")[0].text for figure in figures]
    for text, sampler in zip(told, ("DPM-Solver++ 2M SDE", "walk", "other-walk"), strict=True):
        assert f" Settings: Sampler {sampler}." in text


def test_evaluations_are_repeated_with_their_own_settings(run: Path, tmp_path: Path) -> None:
    """Their command names settings in which the model's defaults differ, and no path."""
    own = shutil.copytree(run, tmp_path / "own")
    told = json.loads((own / "run.json").read_text())
    told["process"] |= {"clip_x0": False, "variance": "fixed_small"}
    (own / "run.json").write_text(json.dumps(told))
    done = evaluation(4, data=told["data"]["fingerprint"], sampler="ddpm", variance="fixed_large")
    recipe = done.told["recipe"]
    assert isinstance(recipe, dict)
    recipe["compared"] |= {"features": "inception", "features_file": "/home/them/weights.pt"}
    evaluations.append(own, done)
    request = ReportRequest(run=own, only="quality", device="cpu")
    _, path = finish(report(request, [], tmp_path / "report.html", ModelStore()))
    (command,) = read(path)["quality"].commands
    words = shlex.split(command)
    assert words[:3] == ["ddpm-studio", "evaluate", "own"]
    assert "--clip-x0" in words
    assert words[words.index("--variance") + 1] == "fixed_large"
    assert words[words.index("--features-file") + 1] == "weights.pt"


@pytest.mark.parametrize("inputs", ["labelled", "of a model of classes alone", "drawn"])
def test_figures_by_the_classes_of_pictures_are_those_of_their_commands(
    class_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: str
) -> None:
    source = shutil.copytree(class_folder, tmp_path / "two")
    # So far from its start that another class is another picture.
    asked = REQUEST.model_copy(
        update={
            "class_conditional": True,
            "steps": 12,
            "learning_rate": 0.02,
            "label_dropout": 0.0 if "alone" in inputs else 0.1,
        }
    )
    finish(train([source], tmp_path / "run", asked, PrepareOptions()))
    if inputs == "drawn":
        shutil.rmtree(source)
        shutil.rmtree(tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    for part in ("share", "interpolate"):
        (section,) = made(tmp_path / "run", tmp_path, only=part).values()
        for figure in section.all("figure"):
            lines = [shlex.split(line)[1:] for line in figure.commands]
            for words in lines:
                assert cli.run(words) == 0
            shown = figure.all("div", "row")[-1].all("div", "strip")[-1].pictures
            shown = shown if part == "share" else shown[1:-1]
            with Image.open(lines[-1][-1]) as image:
                drawn = tiles(np.asarray(image), shown.shape[1:], len(shown))
            np.testing.assert_array_equal(drawn, shown)
        told = section.all("figcaption")[0].text
        # Of the first picture, and of the fourth.
        classes = "of the class bright" if part == "share" else "of the classes bright and dark"
        assert classes in told
        assert ("guidance 2" in told) == ("alone" not in inputs)


def test_the_same_report_twice(run: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made(run, tmp_path / name)
        texts.append((tmp_path / name / "report.html").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert str(tmp_path) not in texts[0]
    assert str(run.parent) not in texts[0]


def test_closed_before_its_end_it_leaves_nothing(run: Path, tmp_path: Path) -> None:
    request = ReportRequest(run=run, quick=True, steps=2, device="cpu")
    job = report(request, (), tmp_path / "report.html", ModelStore())
    for _ in range(5):
        next(job)
    job.close()
    assert list(tmp_path.glob("*.html")) == []


def test_in_training_it_is_of_one_moment(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sections use the weights that were the newest when the report was started."""
    asked: list[object] = []
    real = ModelStore.get

    def get(self: ModelStore, *given: Any, **named: Any) -> Any:
        asked.append(given)
        return real(self, *given, **named)

    monkeypatch.setattr(ModelStore, "get", get)
    made(run, tmp_path, only="share")
    assert len(asked) == 1


def test_a_network_that_gives_no_number_is_told_of_in_its_place(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddpm_studio.jobs.reporting import bound

    def refuse(*_: object, **_options: object) -> Any:
        raise StudioError("The model can't be measured: no number.", "Try the raw weights.")

    monkeypatch.setattr(bound, "measure_bits", refuse)
    sections = made(run, tmp_path)
    assert missing(sections["bits"]).endswith("no number. Try the raw weights.")
    assert len(sections["samples"].pictures) > 4


def test_pictures_that_are_named_and_can_t_be_used_are_refused(run: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "none.npy", np.zeros(3))
    with pytest.raises(StudioError):
        made(run, tmp_path, tmp_path / "none.npy")
    assert not (tmp_path / "report.html").exists()


def test_samples_are_those_of_the_terminal(run: Path, tmp_path: Path) -> None:
    from ddpm_studio.jobs import sample

    (section,) = made(run, tmp_path, only="samples").values()
    count = len(section.pictures)
    request = SampleRequest(run=run, count=count, steps=2, device="cpu")
    _, drawn = finish(sample(request, ModelStore()))
    assert np.array_equal(section.pictures, drawn.pictures)


def test_a_run_that_was_stopped_says_so_and_its_pictures_are_not_the_run(
    pictures: Path, tmp_path: Path
) -> None:
    """The report of a stopped run says so, and distinguishes the run from pictures of its name."""
    mine = shutil.copytree(pictures, tmp_path / "Pictures" / "mine")
    run = tmp_path / "runs" / "mine"
    asked = TrainRequest(steps=1, batch_size=2, timesteps=8, sample_count=0, device="cpu")
    finish(train([mine], run, asked, PrepareOptions()))
    further = train([], run, TrainRequest(steps=9, device="cpu"), PrepareOptions(), resume=True)
    for event in further:
        if isinstance(event, Progress) and (event.text, event.done) == ("Training", 2):
            break
    further.close()
    request = ReportRequest(run=run, only="settings", device="cpu")
    _, path = finish(report(request, (), tmp_path / "report.html", ModelStore()))
    (section,) = read(path).values()
    assert "planned for 9 steps, and is at step 2" in section.text
    assert "steps 1 → 9" in section.text
    lines = [line for line in section.commands if " train " in line]
    assert lines[0].startswith("ddpm-studio train ../Pictures/mine --run mine-again --steps 1 ")
    assert lines[1:] == ["ddpm-studio train --run mine-again --resume --steps 9"]
    # Its learning rate decays towards step 9.
    assert "No command gives the very same model; these commands train one" in section.text
    assert "The same command" not in section.text
    assert str(tmp_path) not in section.text


def test_commands_hold_for_places_with_spaces_and_where_one_stands(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a run given by a relative path, commands are to be typed where the report was made."""
    shutil.copytree(pictures, tmp_path / "my drawings")
    monkeypatch.chdir(tmp_path)
    run = Path("all runs") / "my drawings"
    asked = TrainRequest(steps=1, batch_size=2, timesteps=8, sample_count=0, device="cpu")
    finish(train([Path("my drawings")], run, asked, PrepareOptions()))
    request = ReportRequest(run=run, only="settings", device="cpu")
    _, path = finish(report(request, (), tmp_path / "report.html", ModelStore()))
    (section,) = read(path).values()
    told = [shlex.split(line) for line in section.commands]
    assert ["ddpm-studio", "info", "all runs/my drawings"] in told
    (again,) = [line for line in told if line[1] == "train"]
    assert again[2:5] == ["my drawings", "--run", "my drawings-again"]


def test_pictures_found_in_the_cache_are_not_taken_for_the_work(
    run: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The progress of preparing cached pictures does not count as that of the measurement."""
    from ddpm_studio import data
    from ddpm_studio.jobs.reporting import bound

    def measured(*_: object, **_options: object) -> Any:
        yield from data.prepare([pictures], PrepareOptions())
        yield Progress(1, 4, "Measuring bits/dim", "evaluations")
        raise StudioError("Enough.")

    monkeypatch.setattr(bound, "measure_bits", measured)
    request = ReportRequest(run=run, only="bits", device="cpu")
    events, _ = finish(report(request, (), tmp_path / "report.html", ModelStore()))
    told = [one for one in events if isinstance(one, Progress) and one.text == "Making the report"]
    assert [4 * one.done // one.total for one in told] == [1, 4]
