"""Bits/dim of real runs: the figures, interruption and resuming, stored results, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm_studio.data import prepare
from ddpm_studio.engine import PictureNoise, UNet
from ddpm_studio.engine.likelihood.bound import bound_terms, prior_bits
from ddpm_studio.engine.likelihood.likelihood import measure_bound
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, decode, load_picture, measure_bits, train
from ddpm_studio.jobs.events import BitsMeasured, FrameImages, Notice, Progress
from ddpm_studio.jobs.measuring import bits as bits_job
from ddpm_studio.requests import BitsRequest, DecodeRequest, PrepareOptions
from tests.jobs.conftest import REQUEST, finish, run_read_by


@pytest.fixture
def own_run(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, without measurements, to write to."""
    copy = tmp_path / "run"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("bits"))
    return copy


def measure(run: Path, *sources: Path, **fields: Any) -> BitsMeasured:
    request = BitsRequest(run=run, device="cpu", **{"count": 3, **fields})
    result = finish(measure_bits(request, sources, ModelStore()))[1]
    assert isinstance(result, BitsMeasured)
    return result


def kept(run: Path) -> dict[str, Any]:
    (file,) = (run / "bits").iterdir()
    content = json.loads(file.read_text())
    assert isinstance(content, dict)
    return content


def test_the_parts_are_those_of_the_engine(own_run: Path, pictures: Path) -> None:
    got = measure(own_run, count=2, seed=4)
    # Two of the ten pictures, the first and the sixth, each at every timestep with its own noise.
    model = ModelStore().get(own_run, "ema", "cpu")
    images = finish(prepare([pictures], PrepareOptions()))[1].images
    index = torch.arange(20)
    totals = []
    for number in (0, 5):
        x0 = to_model(torch.from_numpy(images[[number]].copy()))
        noise = PictureNoise(4, [number * 20 + i for i in range(20)], "cpu").draw((3, 16, 16))
        with torch.no_grad():
            terms = bound_terms(
                model.process, model.network, x0.expand(20, -1, -1, -1), index, noise
            )
        totals.append(float(prior_bits(model.process, x0)) + float(terms.bits.sum()))
    assert got.total == pytest.approx(np.mean(totals), rel=1e-5)
    assert got.standard_error == pytest.approx(abs(totals[0] - totals[1]) / 2, rel=1e-2)
    assert (got.pictures, got.asked, got.T) == (2, 2, 20)


def test_total_is_the_sum_and_the_rate_never_falls(own_run: Path) -> None:
    got = measure(own_run)
    assert got.t == tuple(range(1, 21))
    assert got.total == pytest.approx(got.prior + sum(got.bits), abs=1e-9)
    assert got.total == pytest.approx(got.prior + got.middle + got.decoder, abs=1e-9)
    assert got.total == pytest.approx(got.rate[0] + got.decoder, abs=1e-9)
    assert all(np.diff(got.rate) <= 0)
    assert got.distortion[-1] > got.distortion[0]
    np.testing.assert_allclose(got.distortion, 127.5 * np.sqrt(got.x0_mse), rtol=1e-12)
    assert got.flow is None
    # A plausible range for these ten pictures.
    assert 1 < got.total < 24


def test_deterministic_whatever_the_batch(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measure(own_run, seed=1)
    assert kept(own_run)["result"]["total"] == first.total
    monkeypatch.setattr(bits_job, "measure_bound", _none_left)
    assert measure(own_run, seed=1) == first
    monkeypatch.undo()
    shutil.rmtree(own_run / "bits")
    again = measure(own_run, seed=1)
    assert again == first
    shutil.rmtree(own_run / "bits")
    other = measure(own_run, seed=1, batch=7)
    np.testing.assert_allclose(other.bits, first.bits, rtol=1e-4)
    assert measure(own_run, seed=2).total != first.total


def _none_left(*arguments: Any, **more: Any) -> Any:
    sums = arguments[3]
    assert sums.done == sums.items
    return measure_bound(*arguments, **more)


@pytest.mark.parametrize("flow", [False, True])
def test_a_closed_measurement_goes_on(own_run: Path, flow: bool) -> None:
    whole = measure(own_run, flow=flow, batch=8)
    shutil.rmtree(own_run / "bits")
    request = BitsRequest(run=own_run, device="cpu", count=3, flow=flow, batch=8)
    reached = 0
    for stop_after in (3, 2):
        job: Generator[Any, None, BitsMeasured] = measure_bits(request, (), ModelStore())
        seen = 0
        while seen < stop_after:
            event = next(job)
            if isinstance(event, Progress) and event.text.startswith("Measuring"):
                assert event.done > reached
                reached, seen = event.done, seen + 1
        job.close()
        assert kept(own_run)["bound"]["done"] == reached == 8 * (3 if stop_after == 3 else 5)
        assert "result" not in kept(own_run)
    events, resumed = finish(measure_bits(request, (), ModelStore()))
    first = next(e for e in events if isinstance(e, Progress) and e.text.startswith("Measuring"))
    assert first.done == 48
    assert resumed == whole


def test_the_flow_can_follow_later_and_stop_between(own_run: Path) -> None:
    whole = measure(own_run, flow=True, batch=4)
    assert whole.flow is not None
    assert whole.flow_standard_error is not None
    shutil.rmtree(own_run / "bits")
    assert whole.flow == pytest.approx(measure(own_run, flow=True, batch=12).flow, abs=1e-3)
    shutil.rmtree(own_run / "bits")
    bound = measure(own_run, batch=4)
    assert bound.flow is None
    assert bound.total == whole.total
    request = BitsRequest(run=own_run, device="cpu", count=3, flow=True, batch=4)
    job = measure_bits(request, (), ModelStore())
    for event in job:
        assert not (isinstance(event, Progress) and event.text.startswith("Measuring"))
        if isinstance(event, BitsMeasured):
            break
    job.close()
    assert len(kept(own_run)["flow"]) == 1
    assert finish(measure_bits(request, (), ModelStore()))[1] == whole


def test_the_ways_to_dequantise_differ_and_are_kept_apart(own_run: Path) -> None:
    flows = [
        measure(own_run, flow=True, dequantise=way, count=1).flow
        for way in ("uniform", "noise", "uniform")
    ]
    assert flows[0] == flows[2] != flows[1]


def test_figures_while_it_goes_on(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bits_job, "_SECONDS_BETWEEN_RESULTS", 0)
    request = BitsRequest(run=own_run, device="cpu", count=3, batch=10)
    events, result = finish(measure_bits(request, (), ModelStore()))
    counts = [event.pictures for event in events if isinstance(event, BitsMeasured)]
    assert counts == [1, 1, 2, 2, 3]
    assert {event.asked for event in events if isinstance(event, BitsMeasured)} == {3}
    done = [event.done for event in events if isinstance(event, Progress) and event.total == 60]
    assert done == [10, 20, 30, 40, 50, 60]
    assert result.pictures == 3


def test_other_questions_are_kept_apart(own_run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for k in range(3):
        Image.fromarray(np.full((16, 16, 3), 80 * k, np.uint8)).save(other / f"{k}.png")
    (other / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    request = BitsRequest(run=own_run, device="cpu", count=3)
    notices = [
        e.text
        for e in finish(measure_bits(request, [other], ModelStore()))[0]
        if isinstance(e, Notice)
    ]
    assert notices == ["1 picture left out that can't be used."]
    totals = [
        measure(own_run).total,
        measure(own_run, seed=3).total,
        measure(own_run, count=2).total,
        measure(own_run, weights="raw").total,
        measure(own_run, variance="fixed_small").total,
        measure(own_run, timesteps=9).total,
        measure(own_run, clip_x0=False).total,
        measure(own_run, other).total,
    ]
    assert len(set(totals)) == len(totals)
    assert len(list((own_run / "bits").iterdir())) == len(totals)


def test_other_weights_of_the_same_step_are_measured_anew(own_run: Path) -> None:
    """Other weights at the same step, as after a return from a loss spike, are measured again."""
    first = measure(own_run)
    models = ModelStore()
    with torch.no_grad():
        for weight in models.get(own_run, "ema", "cpu").network.parameters():
            weight.mul_(0.5)
    request = BitsRequest(run=own_run, device="cpu", count=3)
    assert finish(measure_bits(request, (), models))[1].total != first.total
    assert measure(own_run) == first


def test_a_damaged_file_is_measured_anew(own_run: Path) -> None:
    whole = measure(own_run)
    (file,) = (own_run / "bits").iterdir()
    content = json.loads(file.read_text())
    for text in ("{", "[]", json.dumps({**content, "bound": {"done": 3}})):
        file.write_text(text)
        assert measure(own_run) == whole


def test_more_pictures_than_there_are(own_run: Path) -> None:
    request = BitsRequest(run=own_run, device="cpu", count=500, timesteps=3)
    events, result = finish(measure_bits(request, (), ModelStore()))
    assert result.pictures == 10
    assert any("10 pictures" in e.text for e in events if isinstance(e, Notice))


def test_a_set_of_one_picture_is_told_of_as_one(
    own_run: Path, pictures: Path, tmp_path: Path
) -> None:
    shutil.copy(pictures / "0.png", tmp_path / "one.png")
    request = BitsRequest(run=own_run, device="cpu", count=2, timesteps=3)
    events, _ = finish(measure_bits(request, [tmp_path / "one.png"], ModelStore()))
    told = [e.text for e in events if isinstance(e, Notice)]
    assert "All of the set is measured: 1 picture." in told
    assert not any("1 pictures" in line for line in told)


def test_a_place_that_cannot_be_written_to_is_told_once(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_run / "bits").write_text("in the way")
    monkeypatch.setattr(bits_job, "_SECONDS_BETWEEN_SAVES", -1)
    request = BitsRequest(run=own_run, device="cpu", count=2, batch=5)
    events, result = finish(measure_bits(request, (), ModelStore()))
    assert result.pictures == 2
    assert len([e for e in events if isinstance(e, Notice) and "kept" in e.text]) == 1


def test_refusals(own_run: Path, class_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="21 timesteps are more than the 20"):
        measure(own_run, timesteps=21)
    with pytest.raises(StudioError, match="nothing here"):
        measure(own_run, tmp_path / "nothing here")
    info = json.loads((own_run / "run.json").read_text())
    short = {**info, "process": {**info["process"], "timesteps": 2}}
    (own_run / "run.json").write_text(json.dumps(short))
    with pytest.raises(StudioError) as raised:
        measure(own_run, timesteps=3)
    assert raised.value.remedy == "Leave it open for all."
    (own_run / "run.json").write_text(json.dumps({**info, "data": None}))
    with pytest.raises(StudioError, match="not known what this model was trained on"):
        measure(own_run)
    assert not (own_run / "bits").exists()


def test_a_network_without_numbers_is_told_by_t(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore()
    model = store.get(own_run, "ema", "cpu")
    assert isinstance(model.network, UNet)
    model.network.conv_out.weight.fill_(float("nan"))
    request = BitsRequest(run=own_run, device="cpu", count=1)
    with pytest.raises(StudioError, match="at t = 1 is no number"):
        finish(measure_bits(request, (), store))


def test_classes_are_those_of_training(class_folder: Path, pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    request = REQUEST.model_copy(update={"class_conditional": True, "sample_count": 0})
    finish(train([class_folder], run, request, PrepareOptions()))
    with pytest.raises(StudioError, match="no labels"):
        measure(run, pictures)
    # Make the class matter, then assign the same pictures to the other class.
    swapped = tmp_path / "swapped"
    (swapped / "dark").mkdir(parents=True)
    (swapped / "bright").mkdir()
    for k in range(3):
        shutil.copy(class_folder / "dark" / f"{k}.png", swapped / "bright" / f"{k}.png")
        shutil.copy(class_folder / "bright" / f"{k}.png", swapped / "dark" / f"{k}.png")
    store = ModelStore()
    model = store.get(run, "ema", "cpu")
    assert isinstance(model.network, UNet)
    assert model.network.label is not None
    model.network.label.weight[0] += 3
    model.network.conv_out.weight.normal_(0, 0.05, generator=torch.Generator().manual_seed(0))

    def total(*sources: Path) -> float:
        asked = BitsRequest(run=run, device="cpu", count=6)
        result = finish(measure_bits(asked, sources, store))[1]
        assert isinstance(result, BitsMeasured)
        return result.total

    assert total() == total(class_folder)
    assert abs(total() - total(swapped)) > 1e-3
    other = tmp_path / "other"
    shutil.copytree(class_folder, other)
    (other / "dark").rename(other / "dim")
    with pytest.raises(StudioError, match=r"no class 'dim'.*bright, dark"):
        total(other)


def test_classes_that_are_not_needed_are_not_asked_of_other_pictures(
    run: Path, class_folder: Path, tmp_path: Path
) -> None:
    flat = Path(shutil.copytree(class_folder / "dark", tmp_path / "flat"))
    wanted = measure(run_read_by(run, tmp_path / "plain"), flat).bits
    request = BitsRequest(run=run_read_by(run, tmp_path / "run", labels="names"), count=3)
    events, measured = finish(measure_bits(request, [flat], ModelStore()))
    assert measured.bits == wanted
    [notice] = [event.text for event in events if isinstance(event, Notice)]
    assert notice.startswith("flat has no labels names.")
    by_class = tmp_path / "by class"
    request_by_class = REQUEST.model_copy(update={"class_conditional": True, "sample_count": 0})
    finish(train([class_folder], by_class, request_by_class, PrepareOptions(labels="folders")))
    with pytest.raises(StudioError, match="flat has no labels folders"):
        measure(by_class, flat)


def test_progressive_decoding(own_run: Path, pictures: Path) -> None:
    picture = load_picture(pictures / "3.png", own_run)
    request = DecodeRequest(run=own_run, moments=5, device="cpu")
    events, decoded = finish(decode(request, picture, ModelStore()))
    frames = [event for event in events if isinstance(event, FrameImages)]
    assert [frame.t for frame in frames] == list(decoded.t) == [20, 15, 10, 6, 1]
    assert decoded.x0_hat.shape == decoded.x_t.shape == (5, 16, 16, 3)
    np.testing.assert_array_equal(decoded.x0_hat[2], frames[2].x0_hat[0])
    assert list(decoded.rate) == sorted(decoded.rate)
    gap = decoded.x0_hat[2].astype(float) - picture
    assert decoded.distortion[2] == pytest.approx(np.sqrt((gap**2).mean()), abs=0.5)
    assert decoded.distortion[0] > decoded.distortion[-1]
    assert decoded.total > decoded.rate[-1]
    again = finish(decode(request, picture, ModelStore()))[1]
    assert again.rate == decoded.rate
    with pytest.raises(StudioError, match="shape"):
        finish(decode(request, picture[:8], ModelStore()))
