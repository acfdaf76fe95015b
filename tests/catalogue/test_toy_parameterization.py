"""Parameterisation and variance of a plug-in: exact on Gaussian data, in use, and missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot
from torch import Tensor

import ddpm_studio as ds
from ddpm_studio.engine import (
    SAMPLERS,
    BoundSums,
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    TrainingLoss,
    ddim_inversion,
    finish,
    flow_log_likelihood,
    inpaint,
    measure_bound,
)
from ddpm_studio.engine.likelihood.bound import eps_weights
from ddpm_studio.engine.losses import check_loss, min_snr_weights
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.interop.configs import UnsupportedFieldError, scheduler_fields
from ddpm_studio.requests import TrainRequest
from tests.catalogue.installing import seen
from tests.cli.conftest import QUIET, Terminal
from tests.engine.gaussian import GaussianDenoiser
from tests.gui.conftest import backend, studio
from tests.gui.panel_help import WAIT, open_run
from tests.recipe import PAPER, PAPER_WORDS

__all__ = ["backend", "studio"]

DATA = 0.09
LINEAR = NoiseSchedule.linear(100)
EPS = GaussianDenoiser(DATA, LINEAR.betas.numpy())
TOYS = ("--parameterization", "toy-score", "--variance", "toy-middle")


def best_score(x: Tensor, t: Tensor) -> Tensor:
    """Return the score ∇ log q(x_t) for data N(0, DATA): q(x_t) = N(0, ᾱ·DATA + 1 − ᾱ)."""
    bar = EPS.table[t].reshape(-1, 1, 1, 1)
    return -x / (bar * DATA + 1 - bar)


def pair(
    clip: bool = False, variance: str = "fixed_large"
) -> Iterator[tuple[DiffusionProcess, object]]:
    """Yield the same process and optimal model twice: predicting the score, and predicting ε."""
    yield DiffusionProcess(LINEAR, "toy-score", variance, clip), best_score
    yield DiffusionProcess(LINEAR, "eps", variance, clip), EPS


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_its_scalings_say_what_it_does(toy: Path) -> None:
    process, index = DiffusionProcess(LINEAR, "toy-score"), torch.tensor([0, 50, 99])
    x0, noise, wrong = (draw(3, 1, 2, 2, seed=seed) for seed in range(3))
    x_t = process.q_sample(x0, index, noise)
    where, form = process.coefficients(index, x_t), process.form
    target = process.target(x0, x_t, index, noise)
    torch.testing.assert_close(target, -(x_t - where.signal * x0) / where.noise**2)
    torch.testing.assert_close(process.x0_from_prediction(x_t, index, target), x0)
    got = process.x0_from_prediction(x_t, index, wrong)
    expected = form.c_skip(where) * (x_t / where.signal) + form.c_out(where) * wrong
    torch.testing.assert_close(got, expected)
    error = (wrong - target).square()
    torch.testing.assert_close(error, form.weight(where) * (got - x0).square())


@pytest.mark.parametrize("clip", [False, True])
def test_each_step_is_that_of_every_other(toy: Path, clip: bool) -> None:
    """The process gets x̂_0 = x_t √ᾱ·DATA/(ᾱ·DATA + 1 − ᾱ) from the score, and ε̂ to match."""
    process, x_t = DiffusionProcess(LINEAR, "toy-score", clip_x0=clip), draw(2, 1, 4, 4)
    other = DiffusionProcess(LINEAR, "eps", clip_x0=clip)
    for index in (0, 40, 99):
        bar = float(EPS.table[index])
        x0 = x_t * bar**0.5 * DATA / (bar * DATA + 1 - bar)
        x0 = x0.clamp(-1, 1) if clip else x0
        got = process.p_mean_variance(best_score, x_t, index)
        torch.testing.assert_close(got.x0_hat, x0, rtol=1e-9, atol=1e-12)
        eps = (x_t - bar**0.5 * x0) / (1 - bar) ** 0.5
        torch.testing.assert_close(got.eps, eps, rtol=1e-8, atol=1e-10)
        expected = other.p_mean_variance(EPS, x_t, index)
        torch.testing.assert_close(got.mean, expected.mean, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_as_from_eps(toy: Path, sampler: str) -> None:
    """Samples equal those of ε up to rounding.

    For adaptive samplers, which evaluate between the timesteps, up to the timesteps' spacing.
    """
    info, results = SAMPLERS[sampler], []
    for process, model in pair():
        noise = PictureNoise(3, [0, 1], "cpu")
        x = noise.draw((1, 4, 4)).double()
        steps = min(20, info.default_steps or 20)
        results.append(finish(run_sampler(info, process, model, x, noise, steps)))  # type: ignore[arg-type]
    rtol, atol = (0.02, 0.01) if info.adaptive else (1e-7, 1e-9)
    torch.testing.assert_close(*results, rtol=rtol, atol=atol)


def test_a_picture_is_encoded_and_filled_in_as_from_eps(toy: Path) -> None:
    encoded, filled = [], []
    x0, start = draw(1, 1, 4, 4) * DATA**0.5, draw(1, 1, 4, 4, seed=4)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    for process, model in pair():
        encoded.append(finish(ddim_inversion(process, model, x0)))  # type: ignore[arg-type]
        noise = PictureNoise(3, [0], "cpu")
        walk = inpaint(process, model, start, noise, x0, mask, 5, 2)  # type: ignore[arg-type]
        filled.append(finish(walk))
    torch.testing.assert_close(*encoded, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(*filled, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("variance", ["fixed_small", "toy-middle"])
def test_bits_are_those_of_eps(toy: Path, variance: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x0 = torch.randint(0, 256, (2, 1, 4, 4), generator=generator).double() / 127.5 - 1
    totals = []
    for process, model in pair(clip=True, variance=variance):
        job = measure_bound(
            process,
            lambda _, model=model: model,  # type: ignore[misc]
            lambda numbers: x0[list(numbers)],
            BoundSums(100, None, range(2)),
            seed=0,
            batch=64,
        )
        totals.append(finish(job).totals)
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-7)


def test_density_by_the_flow_is_that_of_eps(toy: Path) -> None:
    x, probe = draw(2, 1, 4, 4) * DATA**0.5, draw(2, 1, 4, 4, seed=1).sign()
    got = [finish(flow_log_likelihood(p, m, x, probe, 1e-4)) for p, m in pair()]  # type: ignore[arg-type]
    torch.testing.assert_close(got[0] / 16, got[1] / 16, rtol=0, atol=0.02)


def test_its_losses(toy: Path) -> None:
    """E‖F − target‖² of the optimal model is Var[ε|x_t]/(1−ᾱ); min-SNR weights x̂_0's error."""
    process, index = DiffusionProcess(LINEAR, "toy-score"), torch.arange(0, 100, 9)
    zero, one = (torch.full((len(index), 1, 1, 1), v, dtype=torch.float64) for v in (0.0, 1.0))
    bar, weight = EPS.table[index], min_snr_weights(process, index, one, 5.0)
    left = bar * DATA / (bar * DATA + 1 - bar)  # Var[ε|x_t]
    for name, scale in (("simple", torch.ones_like(bar)), ("min_snr", weight)):
        loss = TrainingLoss(name)
        of_noise = loss(process, best_score, zero, index, one)
        got = of_noise + DATA * loss(process, best_score, one, index, zero)
        torch.testing.assert_close(got, scale * left / (1 - bar), rtol=1e-9, atol=1e-12)
    snr = bar / (1 - bar)
    torch.testing.assert_close(weight, snr.clamp(max=5) * (1 - bar) ** 2 / bar)


def test_what_it_does_not_go_with_is_refused(toy: Path) -> None:
    with pytest.raises(ValueError, match=r"predicts 'toy-score' says nothing .* predict 'x0', "):
        DiffusionProcess(LINEAR.with_zero_terminal_snr(), "toy-score")
    process = DiffusionProcess(LINEAR, "toy-score")
    with pytest.raises(ValueError, match="'toy-score' has no label; use 'edm' or 'flow'"):
        check_loss(process, "simple", "log_normal")
    with pytest.raises(UnsupportedFieldError, match="'toy-score'; only 'eps' or 'x0' or 'v'"):
        scheduler_fields(process)
    with pytest.raises(UnsupportedFieldError, match="'toy-middle'; only"):
        scheduler_fields(DiffusionProcess(LINEAR, "eps", "toy-middle"))


def test_a_class_that_is_none_is_refused_and_not_told_of(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toy_plugin.parameterization  # type: ignore[import-not-found]

    monkeypatch.setattr(toy_plugin.parameterization, "Score", dict)
    with pytest.raises(TypeError, match=r"'toy-score' must be a Parameterization, not \{\}"):
        DiffusionProcess(LINEAR, "toy-score").predict(EPS, draw(1, 1, 2, 2), 0)
    with pytest.raises(ValueError, match="predict 'x0', 'mu', 'v' or 'flow'"):
        DiffusionProcess(LINEAR.with_zero_terminal_snr(), "eps")


def test_the_variance_is_halfway_between_the_bounds(toy: Path) -> None:
    """The log variance equals that of learned_range at v = 0, and is a float for an int index."""
    middle = DiffusionProcess(LINEAR, variance="toy-middle")
    ranged = DiffusionProcess(LINEAR, variance="learned_range")
    x, index = draw(3, 1, 2, 2), torch.tensor([1, 50, 99])
    expected = ranged.log_variance(index, torch.zeros_like(x), x)
    got = torch.as_tensor(middle.log_variance(index, None, x))
    torch.testing.assert_close(got.expand_as(x), expected)
    assert middle.log_variance(50, None, x) == pytest.approx(float(got[1]))
    at_50 = 0.5 * LINEAR.betas**2 / (got[1].exp() * LINEAR.alphas * (1 - LINEAR.alphas_cumprod))
    assert float(eps_weights(middle)[50]) == pytest.approx(float(at_50.flatten()[50]))


def test_a_learned_variance_without_its_half_is_refused() -> None:
    for name in ("learned", "learned_range"):
        with pytest.raises(ValueError, match="needs the second half of the network's channels"):
            DiffusionProcess(LINEAR, variance=name).log_variance(3, None, draw(1, 1, 2, 2))


def test_a_form_asks_for_it(toy: Path, qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    form.set_value({"parameterization": "toy-score", "variance": "toy-middle"})
    asked = form.value()
    assert (asked.parameterization, asked.variance) == ("toy-score", "toy-middle")


@pytest.fixture(scope="module")
def run(site: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps of a network that predicts the score, trained from Python."""
    folder = tmp_path_factory.mktemp("score") / "run"
    with seen(site):
        trained = ds.train(
            pictures,
            run=folder,
            steps=2,
            batch_size=2,
            image_size=16,
            timesteps=20,
            device="cpu",
            precision="float32",
            sample_count=0,
            **{**PAPER, "parameterization": "toy-score"},
            variance="toy-middle",
        )
    return trained.path


def test_the_terminal_trains_draws_and_measures(
    toy: Path, pictures: Path, terminal: Terminal, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "a.png"
    said = terminal("train", pictures, "--run", run, "--steps", "1", *QUIET, *PAPER_WORDS, *TOYS)
    assert said.code == 0, said.err
    told = json.loads((run / "run.json").read_text())
    assert told["process"]["parameterization"] == "toy-score"
    assert told["plugins"] == {
        "parameterization toy-score": "toy-plugin 1.0",
        "variance toy-middle": "toy-plugin 1.0",
    }
    words = ("--count", "1", "--device", "cpu", "--json", "--variance", "toy-middle")
    said = terminal("sample", run, "--out", out, *words)
    assert said.code == 0, said.err
    assert "variance toy-middle" in json.loads(said.out)["recipe"]["plugins"]
    said = terminal("bits", run, "--count", "1", "--device", "cpu")
    assert said.code == 0, said.err
    said = terminal("export", run, "--diffusers", tmp_path / "diffusers")
    assert "parameterization is 'toy-score'; only 'eps'" in said.error


def test_from_python_it_is_drawn_with_every_sampler(toy: Path, run: Path) -> None:
    opened = ds.open(run)
    # Samplers of few-step students work with no other runs.
    for sampler in (name for name, entry in SAMPLERS.items() if not entry.few_step):
        drawn = opened.sample(1, steps=3, sampler=sampler, device="cpu")
        assert drawn.pictures.shape == (1, 16, 16, 3), sampler
    assert np.isfinite(opened.bits(count=1, device="cpu").total)


def test_without_its_plug_in_a_run_opens_and_names_it(
    run: Path, pictures: Path, terminal: Terminal, tmp_path: Path
) -> None:
    opened = ds.open(run)
    assert opened.info.process.parameterization == "toy-score"
    assert opened.settings is not None
    assert len(opened.checkpoints) == 1
    assert len(opened.metrics()["step"]) > 0
    said = terminal("info", run)
    assert said.code == 0, said.err
    assert "toy-plugin 1.0, not here: parameterization toy-score" in " ".join(said.out.split())
    needs = "needs the parameterization toy-score of the plug-in toy-plugin 1.0, which is not here"
    for words in (
        ("sample", run, "--out", tmp_path / "a.png"),
        ("bits", run),
        ("train", "--run", run, "--resume", "--steps", "9"),
        ("train", pictures, "--run", tmp_path / "fine", "--from", run),
        ("export", run, "--diffusers", tmp_path / "diffusers"),
    ):
        assert needs in terminal(*words).error, words
    # The nearest training pictures are found without the network.
    said = terminal("neighbours", run, pictures / "000.png", "--out", tmp_path / "n.png")
    assert said.code == 0, said.err


@pytest.mark.parametrize("lacks", ["parameterization", "schedule"])
def test_the_window_opens_a_run_without_its_plug_in_and_says_what_it_needs(
    run: Path, own_folders: None, qtbot: QtBot, studio: Studio, lacks: str, tmp_path: Path
) -> None:
    if lacks == "schedule":
        run = shutil.copytree(run, tmp_path / "run")
        told = (run / "run.json").read_text()
        told = told.replace('"linear"', '"toy-sqrt"').replace("toy-score", "eps")
        (run / "run.json").write_text(told.replace("parameterization eps", "schedule toy-sqrt"))
    panel = ReversePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.resize(1200, 900)  # tall enough to show the curve
    panel.show()
    open_run(qtbot, studio, run)
    assert studio.run_view is not None
    assert studio.run_view.summary.missing == {
        f"{lacks} toy-{'score' if lacks == 'parameterization' else 'sqrt'}": "toy-plugin 1.0",
        "variance toy-middle": "toy-plugin 1.0",
    }
    assert panel.curve.isVisible() == (lacks == "parameterization")
    qtbot.waitUntil(lambda: panel.messages.isVisible(), timeout=WAIT)
    assert f"needs the {lacks} toy-" in panel.messages.text
