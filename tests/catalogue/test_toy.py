"""Toy plug-in with an entry of each kind: all are used, and its runs open without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pytestqt.qtbot import QtBot

from ddpm_studio import catalogue
from ddpm_studio.backend import Backend
from ddpm_studio.catalogue import plugins
from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, TrainingLoss
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.jobs import ModelStore, sample
from ddpm_studio.requests import SampleRequest
from tests.catalogue.installing import seen
from tests.cli.conftest import QUIET, Terminal, spawn
from tests.data.pictures import prepared
from tests.engine.walking import finish as walked
from tests.gui.panel_help import WAIT, opened
from tests.jobs.conftest import finish

TOYS = [
    *("--schedule", "toy-sqrt", "--loss", "toy-l1", "--timestep-sampling", "toy-late"),
    *("--optimizer", "toy-sign", "--learning-rate-schedule", "toy-half", "--warmup-steps", "0"),
]


@pytest.fixture(scope="module")
def toy_run(site: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three steps with the toy entries, trained by a command in a subprocess."""
    run = tmp_path_factory.mktemp("toy") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site), prepend=":")
        process = spawn("train", pictures, "--run", run, "--steps", "3", *QUIET, *TOYS)
        out, err = process.communicate(timeout=280)
    assert process.returncode == 0, out + err
    return run


def test_the_run_tells_which_plug_ins_it_was_made_with(toy_run: Path) -> None:
    told = json.loads((toy_run / "run.json").read_text())
    assert told["process"]["schedule"] == "toy-sqrt"
    assert told["plugins"] == {
        "schedule toy-sqrt": "toy-plugin 1.0",
        "loss toy-l1": "toy-plugin 1.0",
        "choice of t toy-late": "toy-plugin 1.0",
        "optimiser toy-sign": "toy-plugin 1.0",
        "learning-rate schedule toy-half": "toy-plugin 1.0",
    }


def test_the_terminal_samples_and_trains_further(
    toy: Path, toy_run: Path, terminal: Terminal, tmp_path: Path
) -> None:
    out = tmp_path / "toy.png"
    said = terminal(
        *("sample", toy_run, "--out", out, "--count", "1", "--sampler", "toy-walk"),
        *("--steps", "4", "--device", "cpu", "--json", "--sampler-options", "keep=0.5"),
    )
    assert said.code == 0, said.err
    assert out.is_file()
    recipe = json.loads(said.out)["recipe"]
    assert recipe["request"]["sampler_options"] == {"keep": 0.5}
    assert recipe["plugins"] == {
        "sampler toy-walk": "toy-plugin 1.0",
        "schedule toy-sqrt": "toy-plugin 1.0",
    }
    said = terminal("train", "--run", toy_run, "--resume", "--steps", "4", "--device", "cpu")
    assert said.code == 0, said.err


@pytest.mark.parametrize("wrong", ["keep", "keep=", "=1", "kept=1", "keep=2", "keep=much"])
def test_wrong_options_of_a_sampler_are_refused(
    toy: Path, terminal: Terminal, wrong: str, tmp_path: Path
) -> None:
    words = ("--sampler", "toy-walk", "--sampler-options", wrong)
    said = terminal("sample", "x", "--out", tmp_path / "a.png", *words)
    assert said.code == 2
    assert "'--sampler-options'" in said.error


def test_from_python_the_toy_walk_is_ddim(toy: Path, toy_run: Path) -> None:
    pictures = []
    for sampler in ("toy-walk", "ddim"):
        request = SampleRequest(run=toy_run, sampler=sampler, count=2, steps=5, device="cpu")
        pictures.append(finish(sample(request, ModelStore()))[1].pictures)
    np.testing.assert_array_equal(*pictures)


def test_options_of_a_sampler_are_checked_and_heeded(toy: Path) -> None:
    info = catalogue.SAMPLERS["toy-walk"]
    process = DiffusionProcess(NoiseSchedule.named("toy-sqrt", 20))

    def last(**options: Any) -> torch.Tensor:
        x_t = torch.ones(1, 1, 4, 4)
        noise = PictureNoise(0, [0], "cpu")
        walk = run_sampler(info, process, lambda x, t: 0.5 * x, x_t, noise, 5, **options)
        return walked(walk)[0]

    assert not torch.equal(last(keep=0.5), last())
    assert torch.equal(last(keep=1.0), last())
    with pytest.raises(ValueError, match=r"keep must be 0\.\.1, not 2"):
        last(keep=2)
    with pytest.raises(ValueError, match="has no eta"):
        last(eta=0.5)


def test_the_toy_loss_is_what_it_says(toy: Path) -> None:
    process = DiffusionProcess(NoiseSchedule.named("toy-sqrt", 20))
    x0, noise = torch.zeros(2, 1, 4, 4), torch.full((2, 1, 4, 4), -3.0)
    index = torch.tensor([3, 7])
    loss = TrainingLoss("toy-l1")(process, lambda x, t: torch.zeros_like(x), x0, index, noise)
    torch.testing.assert_close(loss, torch.tensor([3.0, 3.0]))


def test_without_its_plug_in_a_run_opens_and_names_it(
    toy_run: Path, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = terminal("info", toy_run)
    assert said.code == 0
    assert (
        "toy-plugin 1.0, not here: optimiser toy-sign, learning-rate schedule toy-half, "
        "schedule toy-sqrt, loss toy-l1, choice of t toy-late"
    ) in " ".join(said.out.split())
    for first, words in (
        ("schedule toy-sqrt", ("sample", toy_run, "--out", tmp_path / "a.png")),
        ("optimiser toy-sign", ("train", "--run", toy_run, "--resume", "--steps", "9")),
    ):
        said = terminal(*words)
        assert said.code == 1
        assert (
            f"needs the {first} of the plug-in toy-plugin 1.0, which is not here. "
            "Install it, if you trust who offers it, then try again." in said.error
        )
    monkeypatch.setenv(plugins.ENV_VARIABLE, plugins.OFF)
    assert "Switch plug-ins on" in terminal(*words).error


def test_without_its_plug_in_a_run_opens_in_the_window(
    toy_run: Path, qtbot: QtBot, backend: Backend
) -> None:
    window = opened(qtbot, backend, toy_run)
    assert not window.tool(ReversePanel).curve.isVisible(), "nobody here knows its schedule"
    needs = "needs the {0} of the plug-in toy-plugin 1.0, which is not here"
    told = needs.format("schedule toy-sqrt")
    qtbot.waitUntil(lambda: told in window.tool(ReversePanel).messages.text, timeout=WAIT)
    assert (window.tool(ReversePanel).bar.noise.text(), window.tool(ReversePanel).kept.text()) == (
        "",
        "",
    )
    failed: list[str] = []
    window.training.resume_row.steps.setValue(9)
    window.actions_["training.resume"].trigger()
    training = window.studio.training
    assert training is not None
    training.on_failed(lambda failure: failed.append(str(failure)))
    qtbot.waitUntil(lambda: bool(failed), timeout=WAIT)
    assert needs.format("optimiser toy-sign") in failed[0]


def test_without_what_trains_it_a_run_still_draws(
    site: Path, pictures: Path, terminal: Terminal, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "a.png"
    with seen(site):
        said = terminal("train", pictures, "--run", run, "--steps", "1", *QUIET, "--loss", "toy-l1")
        assert said.code == 0, said.err
    said = terminal("sample", run, "--out", out, "--count", "1", "--steps", "2")
    assert said.code == 0, said.err
    said = terminal("train", "--run", run, "--resume", "--steps", "2")
    assert "needs the loss toy-l1 of the plug-in toy-plugin 1.0" in said.error


def test_a_picture_of_a_missing_sampler_says_so(
    site: Path, trained: Path, terminal: Terminal, tmp_path: Path
) -> None:
    from ddpm_studio.errors import StudioError
    from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe

    out = tmp_path / "a.png"
    with seen(site):
        words = ("--count", "1", "--steps", "2", "--sampler", "toy-walk")
        assert terminal("sample", trained, "--out", out, *words).code == 0
        found = read_parsed_recipe(out)
        assert found is not None
        assert isinstance(found.request, SampleRequest)
        assert found.request.sampler == "toy-walk"
    with pytest.raises(StudioError, match=r"a\.png needs the sampler toy-walk of the plug-in toy"):
        read_parsed_recipe(out)


def test_a_network_is_trained_and_drawn_from_and_its_run_can_do_without(
    site: Path, pictures: Path, terminal: Terminal, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "a.png"
    drawing = ("sample", run, "--out", out, "--count", "1", "--steps", "2", "--device", "cpu")
    words = ("--preset", "toy-small", "--image-size", "10")
    with seen(site):
        said = terminal("train", pictures, "--run", run, "--steps", "2", *QUIET, *words)
        assert said.code == 0, said.err
        said = terminal(*drawing)
        assert said.code == 0, said.err
        assert out.is_file()
    told = json.loads((run / "run.json").read_text())
    assert (told["network"]["kind"], told["network"]["height"]) == ("toy-net", 10)
    assert told["plugins"] == {
        "preset toy-small": "toy-plugin 1.0",
        "network toy-net": "toy-plugin 1.0",
    }
    said = terminal("info", run)
    assert said.code == 0, said.err
    assert "of the kind toy-net, unknown here" in " ".join(said.out.split())
    assert "needs the network toy-net of the plug-in toy-plugin 1.0" in terminal(*drawing).error


def test_pictures_are_read_by_the_toy_format(toy: Path, tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (3, 16, 16), np.uint8)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.toy").write_bytes(levels.tobytes())
    alone = prepared(tmp_path / "cache", tmp_path / "in" / "a.toy")
    np.testing.assert_array_equal(alone.images[..., 0], levels)
    Image.fromarray(levels[0]).save(tmp_path / "in" / "b.png")
    beside = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(beside.images[..., 0], [*levels, levels[0]])


def test_a_run_names_the_format_that_its_pictures_need(
    site: Path, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, source = tmp_path / "run", tmp_path / "a.toy"
    levels = np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8)
    source.write_bytes(levels.tobytes())
    with seen(site):
        said = terminal("train", source, "--run", run, "--steps", "1", *QUIET)
        assert said.code == 0, said.err
    told = json.loads((run / "run.json").read_text())
    assert told["plugins"] == {"data format toy-bytes": "toy-plugin 1.0"}
    resume_row = ("train", "--run", run, "--resume", "--steps", "2")
    said = terminal(*resume_row)
    assert said.code == 0, said.err
    assert "training goes on with those that were kept" in " ".join((said.out + said.err).split())
    monkeypatch.setenv("DDPM_STUDIO_CACHE", str(tmp_path / "empty"))
    said = terminal(*resume_row[:-1], "3")
    assert said.code == 1
    assert "needs the data format toy-bytes of the plug-in toy-plugin 1.0" in said.error


def test_a_layout_of_models_is_read(toy: Path, terminal: Terminal, tmp_path: Path) -> None:
    config = catalogue.NETWORKS["toy-net"].load_config()(8, 8, 3)
    weights = catalogue.NETWORKS["toy-net"].load()(config).state_dict()
    torch.save({"made by": "toy", "weights": weights}, tmp_path / "a.pt")
    run = tmp_path / "run"
    said = terminal("import", tmp_path / "a.pt", "--run", run, "--json")
    assert said.code == 0, said.err
    assert "--timesteps 10" in said.err
    told = json.loads((run / "run.json").read_text())
    assert told["imported"] == {"format": "toy-file", "timesteps": 10}
    assert told["plugins"] == {"network toy-net": "toy-plugin 1.0"}
    words = ("sample", run, "--count", "1", "--device", "cpu", "--out", tmp_path / "a.png")
    assert terminal(*words).code == 0
