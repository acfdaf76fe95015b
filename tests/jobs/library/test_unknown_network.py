"""Runs of an unknown kind of network: described, and refused only where the network is needed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.engine.tables import NETWORKS, NetworkInfo
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.library.exchange import export_diffusers
from ddpm_studio.jobs.library.listing import list_runs, run_settings
from ddpm_studio.jobs.library.run_summary import describe_run
from ddpm_studio.jobs.training.training import train
from ddpm_studio.requests import PrepareOptions, SampleRequest, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import finish

FIXTURE = Path(__file__).parents[2] / "runs" / "fixtures" / "0.1.0" / "classes" / "run"


class FutureConfig(UNetConfig):
    kind: ClassVar[str] = "future-net"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = shutil.copytree(FIXTURE, tmp_path / "run")
    file = path / "run.json"
    info = json.loads(file.read_text())
    side = info["network"].pop("image_size")
    info["format_version"] = 2
    info["network"] |= {"kind": "future-net", "height": side, "width": 2 * side, "bends": [1]}
    info["network"]["attention_resolutions"] = [side]
    file.write_text(json.dumps(info))
    return path


def test_it_opens_is_listed_and_described(run: Path) -> None:
    basics = RunFolder.open(run).info.network_basics()
    assert (basics.shape, basics.num_classes) == ((3, 16, 32), 2)
    (entry,) = finish(list_runs([run.parent]))[1]
    assert (entry.name, entry.step, entry.image_size) == ("run", 60, 32)
    summary = describe_run(run)
    assert (summary.network, summary.parameters) == ("future-net", None)
    assert (summary.height, summary.width, summary.channels) == (16, 32, 3)
    assert summary.known_classes == ("cross", "disc")
    assert run_settings(run)["Network: bends"] == "1"


def test_it_is_refused_by_name_where_its_network_is_needed(run: Path, tmp_path: Path) -> None:
    request = TrainRequest(steps=61, device="cpu", precision="float32")
    options = PrepareOptions(image_size=16)
    jobs = {
        "drawing": sample(SampleRequest(run=run, device="cpu"), ModelStore()),
        "writing": export_diffusers(run, tmp_path / "out"),
        "fine-tuning": train([run], tmp_path / "new", request, options, start_from=run),
    }
    for what, job in jobs.items():
        with pytest.raises(StudioError, match="future-net, which is not known here") as raised:
            finish(job)
        assert "there are unet, patch-unet" in raised.value.remedy, what
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "out").exists()


@pytest.fixture
def _installed() -> Iterator[None]:
    code = "ddpm_studio.engine.networks.unet:UNet"
    config = f"{__name__}:FutureConfig"
    NETWORKS.add(NetworkInfo("future-net", "Future", "not yet", code, config=config))
    yield
    NETWORKS.remove("future-net")


@pytest.mark.usefixtures("_installed")
def test_it_is_usable_once_its_kind_is_there(run: Path) -> None:
    file = run / "run.json"
    info = json.loads(file.read_text())
    del info["network"]["bends"]
    file.write_text(json.dumps(info))
    request = SampleRequest(run=run, device="cpu", sampler="ddim", steps=2, count=1)
    assert finish(sample(request, ModelStore()))[1].pictures.shape == (1, 16, 32, 3)
    assert describe_run(run).parameters == describe_run(FIXTURE).parameters


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 0}, "height must be"),
        ({"channels": "3"}, "channels is of another kind"),
        ({"kind": 7}, "must be a name"),
        ({"kind": "unet"}, "unknown network fields: bends"),
    ],
)
def test_impossible_fields_are_refused_all_the_same(
    run: Path, changes: dict[str, object], message: str
) -> None:
    file = run / "run.json"
    info = json.loads(file.read_text())
    info["network"] |= changes
    file.write_text(json.dumps(info))
    with pytest.raises(StudioError, match=message):
        RunFolder.open(run)
