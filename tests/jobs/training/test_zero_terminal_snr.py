"""Run with zero terminal SNR (ᾱ_T = 0): training, sampling, measuring, import and export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from diffusers import DDPMScheduler

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    ModelStore,
    encode_picture,
    export_diffusers,
    import_model,
    measure_bits,
    sample,
    train,
)
from ddpm_studio.jobs.events import SampleGrid
from ddpm_studio.requests import BitsRequest, EncodeRequest, PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

ASKED = REQUEST.model_copy(update={"zero_terminal_snr": True, "parameterization": "v", "steps": 4})


@pytest.fixture(scope="module")
def zero_run(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    folder = tmp_path_factory.mktemp("zero") / "run"
    request = ASKED.model_copy(update={"sample_every": 4, "sample_count": 2})
    events, _ = finish(train([pictures], folder, request, PrepareOptions()))
    assert any(isinstance(event, SampleGrid) for event in events)
    return folder


def test_run_json_tells_it(zero_run: Path) -> None:
    told = json.loads((zero_run / "run.json").read_text())
    assert told["process"]["zero_terminal_snr"] is True
    assert told["request"]["zero_terminal_snr"] is True
    schedule = RunFolder.open(zero_run).info.process.build().schedule
    assert REQUEST.timesteps == schedule.T
    assert float(schedule.alphas_cumprod[-1]) == 0


def test_eps_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    request = ASKED.model_copy(update={"parameterization": "eps"})
    with pytest.raises(StudioError, match=r"do not go together.*predict 'x0', 'mu', 'v' or 'flow'"):
        finish(train([tmp_path / "nothing"], tmp_path / "run", request, PrepareOptions()))


@pytest.mark.parametrize("name", ["ddpm", "ddim", "dpm++3m-sde", "unipc", "edm-churn"])
def test_drawing(zero_run: Path, name: str) -> None:
    request = SampleRequest.model_validate({"run": zero_run, "count": 1, "sampler": name})
    request = request.model_copy(update={"steps": 6})
    pictures = finish(sample(request, ModelStore()))[1].pictures
    assert pictures.std() > 1


@pytest.mark.parametrize("name", ["sde", "ode", "langevin"])
def test_samplers_that_can_not_begin_there(zero_run: Path, name: str) -> None:
    request = SampleRequest.model_validate({"run": zero_run, "count": 1, "sampler": name})
    with pytest.raises(StudioError, match=r"can't begin with noise alone.*such as DDIM"):
        finish(sample(request, ModelStore()))


def test_encoding_and_measuring(zero_run: Path, pictures: Path) -> None:
    models, picture = ModelStore(), np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(StudioError, match="DDIM can't find a latent at T"):
        finish(encode_picture(EncodeRequest(run=zero_run, method="ddim"), picture, models))
    below = EncodeRequest(run=zero_run, method="ddim", t=10)
    assert np.isfinite(finish(encode_picture(below, picture, models))[1].x_t).all()
    with pytest.raises(StudioError, match="The flow can't be followed to T"):
        finish(measure_bits(BitsRequest(run=zero_run, count=1, flow=True), [], models))
    bits = finish(measure_bits(BitsRequest(run=zero_run, count=1), [], models))[1]
    assert np.isfinite(bits.total)
    assert bits.prior == 0


def test_diffusers_both_ways(zero_run: Path, tmp_path: Path) -> None:
    finish(export_diffusers(zero_run, tmp_path / "out"))
    theirs = DDPMScheduler.from_pretrained(tmp_path / "out" / "scheduler")
    assert float(theirs.alphas_cumprod[-1]) == 0
    back = finish(import_model(tmp_path / "out", tmp_path / "back"))[1]
    schedule = RunFolder.open(back).info.process.build().schedule
    ours = RunFolder.open(zero_run).info.process.build().schedule
    np.testing.assert_allclose(schedule.betas.numpy(), ours.betas.numpy(), rtol=1e-12)
    assert schedule.zero_terminal_snr

    # As with diffusers' own option, which names the schedule to rescale.
    path = tmp_path / "out" / "scheduler" / "scheduler_config.json"
    fields = json.loads(path.read_text())
    del fields["trained_betas"]
    fields |= {"rescale_betas_zero_snr": True, "beta_schedule": "squaredcos_cap_v2"}
    path.write_text(json.dumps(fields))
    back = finish(import_model(tmp_path / "out", tmp_path / "again"))[1]
    schedule = RunFolder.open(back).info.process.build().schedule
    theirs = DDPMScheduler.from_pretrained(tmp_path / "out" / "scheduler")
    np.testing.assert_allclose(
        schedule.alphas_cumprod.numpy(), theirs.alphas_cumprod.numpy(), rtol=1e-4, atol=1e-7
    )
