"""Fine-tuning on pictures of another kind: weights kept, adapted and newly initialised."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ddpm_studio.engine import Network, NetworkConfig
from ddpm_studio.engine.networks.dit import DiTConfig
from ddpm_studio.engine.networks.patch_unet import PatchUNetConfig
from ddpm_studio.engine.networks.registry import build
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    ModelStore,
    describe_run,
    export_diffusers,
    import_model,
    sample,
    train,
)
from ddpm_studio.jobs.events import InfoNotice
from ddpm_studio.jobs.publishing.retraining import retraining
from ddpm_studio.jobs.training.adapting import Adaptation, config_for_shape
from ddpm_studio.jobs.training.bases import find_bases
from ddpm_studio.jobs.training.new_run import fine_tune_request
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.requests import PrepareOptions, SampleRequest, TrainRequest
from ddpm_studio.runs import DataInfo, ProcessInfo, RunFolder, RunInfo
from tests.jobs.conftest import REQUEST, finish
from tests.parity.networks import randomised

CLASSES = REQUEST.model_copy(update={"class_conditional": True, "steps": 3})
QUICK = REQUEST.model_copy(update={"class_conditional": None, "steps": 1, "learning_rate": 1e-9})


def info(
    config: NetworkConfig, classes: tuple[str, ...] = (), *, are_bands: bool = False
) -> RunInfo:
    options = PrepareOptions(channels="bands" if are_bands else "auto")
    data = DataInfo(sources=(), fingerprint="", count=1, class_names=classes, options=options)
    return RunInfo(
        network=config.to_dict(), process=ProcessInfo(schedule="linear", timesteps=20), data=data
    )


def adapted(
    old: Network,
    names: tuple[str, ...],
    config: NetworkConfig,
    classes: tuple[str, ...],
    are_bands: bool = False,
) -> Network:
    network = randomised(build(config)).eval()
    base = info(old.config, names, are_bands=are_bands)
    adaptation = Adaptation(base, Path("base"), config, classes, are_bands)
    network.load_state_dict(adaptation.weights(old.state_dict(), network))
    return network


def predicted(network: Network, x: Tensor, y: list[int] | None = None) -> Tensor:
    labels = None if y is None else torch.tensor(y)
    with torch.no_grad():
        predicted: Tensor = network(x, torch.full((len(x),), 7), labels)
    return predicted


KINDS = pytest.mark.parametrize(
    "config",
    [
        PatchUNetConfig(8, 8, 3, 16, (1, 2), 1, (2,), norm_groups=4),
        DiTConfig(8, 8, 3, hidden=16, depth=2, heads=2),
    ],
    ids=lambda config: config.kind,
)
X = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(3))


@KINDS
def test_classes_of_the_same_name_stay_and_others_begin_as_none(config: NetworkConfig) -> None:
    old = randomised(build(config.with_fields(num_classes=2))).eval()
    new = adapted(old, ("cat", "dog"), config.with_fields(num_classes=3), ("ape", "cat", "owl"))
    torch.testing.assert_close(predicted(new, X, [1, 3]), predicted(old, X, [0, 2]))
    torch.testing.assert_close(predicted(new, X, [0, 2]), predicted(old, X))


@KINDS
def test_without_classes_it_draws_as_of_none(config: NetworkConfig) -> None:
    old = randomised(build(config.with_fields(num_classes=2))).eval()
    new = adapted(old, ("cat", "dog"), config, ())
    torch.testing.assert_close(predicted(new, X), predicted(old, X))


@KINDS
def test_a_network_that_learnt_classes_alone_begins_as_the_mean_of_them(
    config: NetworkConfig,
) -> None:
    """Without a null class, its embedding is untrained: the mean of the classes is used instead."""
    old = randomised(build(config.with_fields(num_classes=2))).eval()
    base = info(old.config, ("cat", "dog")).model_copy(update={"null_label": False})
    each = torch.tensor([[0.5, 0.5, 0.0]] * 2)
    with torch.no_grad():
        wanted = old(X, torch.full((2,), 7), each)
    for classes in ((), ("ape", "cat")):
        new = randomised(build(config.with_fields(num_classes=len(classes) or None))).eval()
        adaptation = Adaptation(base, Path("base"), new.config, classes)
        new.load_state_dict(adaptation.weights(old.state_dict(), new))
        torch.testing.assert_close(predicted(new, X), wanted)
        if classes:
            torch.testing.assert_close(predicted(new, X, [0, 0]), wanted)
            torch.testing.assert_close(predicted(new, X, [1, 1]), predicted(old, X, [0, 0]))


@KINDS
def test_classes_that_are_learnt_anew_change_nothing_at_first(config: NetworkConfig) -> None:
    old = randomised(build(config)).eval()
    new = adapted(old, (), config.with_fields(num_classes=2), ("cat", "dog"))
    torch.testing.assert_close(predicted(new, X, [0, 1]), predicted(old, X))


@KINDS
@pytest.mark.parametrize("learned", [False, True])
def test_gray_pictures_in_colour_are_drawn_in_gray_at_first(
    config: NetworkConfig, learned: bool
) -> None:
    gray = config.with_fields(channels=1, learned_variance=learned)
    old = randomised(build(gray)).eval()
    new = adapted(old, (), config.with_fields(learned_variance=learned), ())
    drawn, wanted = predicted(new, X[:, :1].repeat(1, 3, 1, 1)), predicted(old, X[:, :1])
    halves = zip(
        drawn.chunk(2 if learned else 1, 1), wanted.chunk(2 if learned else 1, 1), strict=True
    )
    for colours, one in halves:
        torch.testing.assert_close(colours, one.repeat(1, 3, 1, 1), rtol=1e-4, atol=1e-4)


@KINDS
def test_colours_in_gray_are_drawn_by_their_mean_at_first(config: NetworkConfig) -> None:
    old = randomised(build(config)).eval()
    new = adapted(old, (), config.with_fields(channels=1), ())
    wanted = predicted(old, X[:, :1].repeat(1, 3, 1, 1)).mean(1, keepdim=True)
    torch.testing.assert_close(predicted(new, X[:, :1]), wanted, rtol=1e-4, atol=1e-4)


@KINDS
def test_transparency_comes_and_goes_and_the_colours_stay(config: NetworkConfig) -> None:
    old = randomised(build(config.with_fields(channels=4))).eval()
    x = torch.cat([X, torch.zeros(2, 1, 8, 8)], dim=1)
    without = adapted(old, (), config, ())
    torch.testing.assert_close(
        predicted(without, X), predicted(old, x)[:, :3], rtol=1e-4, atol=1e-4
    )
    opaque = randomised(build(config)).eval()
    more = adapted(opaque, (), config.with_fields(channels=4), ())
    torch.testing.assert_close(
        predicted(more, x)[:, :3], predicted(opaque, X), rtol=1e-4, atol=1e-4
    )


@KINDS
@pytest.mark.parametrize(("before", "after"), [(3, 4), (4, 2), (2, 3)])
def test_all_of_a_few_bands_are_adapted(config: NetworkConfig, before: int, after: int) -> None:
    """None of them is alpha: each begins as the mean of the bands of before."""
    old = randomised(build(config.with_fields(channels=before))).eval()
    new = adapted(old, (), config.with_fields(channels=after), (), are_bands=True)
    wanted = predicted(old, X[:, :1].repeat(1, before, 1, 1)).mean(1, keepdim=True)
    drawn = predicted(new, X[:, :1].repeat(1, after, 1, 1))
    torch.testing.assert_close(drawn, wanted.repeat(1, after, 1, 1), rtol=1e-4, atol=1e-4)


def test_a_preset_follows_size_and_colours() -> None:
    base = info(PatchUNetConfig.patches((28, 28), 4)).model_copy(
        update={"request": TrainRequest(preset="patches")}
    )
    made = config_for_shape(base, PictureShape(64, 48, 3))
    assert made == PatchUNetConfig.patches((64, 48), 3)
    assert config_for_shape(base, PictureShape(28, 28, 4)) == base.network_config()
    assert config_for_shape(base, PictureShape(28, 28, 7)) is None, "bands are no colours"
    assert config_for_shape(base, PictureShape(27, 28, 4)) is None, "no multiple of its levels"
    own = base.model_copy(update={"request": TrainRequest(preset="tiny")})
    assert config_for_shape(own, PictureShape(32, 32, 4)) is None, "not what the preset makes"


@pytest.fixture(scope="module")
def base(class_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("base") / "classes"
    finish(train([class_folder], run, CLASSES, PrepareOptions()))
    return run


def tuned(sources: Path, run: Path, base: Path, **fields: object) -> tuple[RunInfo, str]:
    """Fine-tune a run on other pictures; return the new run's info and the texts of its notices."""
    request = QUICK.model_copy(update=fields)
    events, _ = finish(train([sources], run, request, PrepareOptions(), start_from=base))
    told = [event.text for event in events if isinstance(event, InfoNotice)]
    return RunFolder.open(run).info, " ".join(told)


def test_pictures_without_classes_in_colour_and_larger_are_learnt(
    base: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for k in range(4):
        picture = np.zeros((24, 24, 3), np.uint8)
        picture[k : k + 9, :, k % 3] = 200
        Image.fromarray(picture).save(tmp_path / "in" / f"{k}.png")
    info, told = tuned(tmp_path / "in", tmp_path / "run", base)
    config = info.network_config()
    assert (config.shape, config.num_classes) == ((3, 24, 24), None)
    assert info.request is not None
    assert info.request.class_conditional is False
    assert (
        "Begins with the weights of classes; new: pictures of 24 px, the layers of pixels" in told
    )
    drawn = finish(sample(SampleRequest(run=tmp_path / "run", count=1, steps=2), ModelStore()))[1]
    assert drawn.pictures.shape == (1, 24, 24, 3)


def test_other_classes_are_learnt_beside_those_it_knows(
    base: Path, class_folder: Path, tmp_path: Path
) -> None:
    for name, source in (("bright", "bright"), ("owl", "dark")):
        (tmp_path / "in" / name).mkdir(parents=True)
        for k in range(6):
            picture = Image.open(class_folder / source / f"{k % 3}.png")
            picture.point(lambda level, k=k: level + k).save(tmp_path / "in" / name / f"{k}.png")
    info, told = tuned(tmp_path / "in", tmp_path / "run", base)
    assert info.network_config().num_classes == 2
    assert "new: the classes owl." in told
    ours = RunFolder.open(tmp_path / "run").newest().load("ema", info.network_config())
    folder = RunFolder.open(base)
    theirs = folder.newest().load("ema", folder.info.network_config())
    torch.testing.assert_close(ours["label.weight"][0], theirs["label.weight"][0])
    torch.testing.assert_close(ours["label.weight"][1], theirs["label.weight"][2])


def test_the_same_pictures_begin_with_all_weights(
    base: Path, class_folder: Path, tmp_path: Path
) -> None:
    info, told = tuned(class_folder, tmp_path / "run", base)
    assert info.network_config() == RunFolder.open(base).info.network_config()
    assert "Begins with all weights of classes." in told


def test_a_network_without_classes_stays_without(
    run: Path, class_folder: Path, tmp_path: Path
) -> None:
    info, told = tuned(class_folder, tmp_path / "plain", run)
    assert info.network_config().num_classes is None
    assert "Begins with the weights of" in told
    assert "bright" not in told.partition("new:")[2], "none of them is learnt"
    info, told = tuned(class_folder, tmp_path / "asked", run, class_conditional=True)
    assert info.network_config().num_classes == 2
    assert "the classes bright, dark" in told


@pytest.fixture(scope="module")
def imported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An imported model whose network is, unknown to it, the preset tiny's."""
    folder = tmp_path_factory.mktemp("imported")
    finish(export_diffusers(run, folder / "pipe"))
    finish(import_model(folder / "pipe", folder / "model"))
    return folder / "model"


def test_an_imported_network_takes_its_own_shape(
    imported: Path, class_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(StudioError, match="The network takes 16-px pictures with 3 channels"):
        tuned(class_folder, tmp_path / "run", imported)


def test_what_an_imported_network_has_of_its_own_can_t_be_asked_of_it(imported: Path) -> None:
    def requested(**given: object) -> TrainRequest:
        return fine_tune_request(imported, given, lambda fields: TrainRequest(**fields))

    for given in ({"schedule": "cosine"}, {"schedule": "linear"}, {"preset": "patches"}):
        ((name, value),) = given.items()
        with pytest.raises(StudioError, match=f"its own {name}, which can't become {value}"):
            requested(**given)
    assert requested(preset="tiny").preset == "tiny", "which makes this network"
    assert requested().timesteps == REQUEST.timesteps


def test_a_fine_tuned_import_is_of_no_preset_that_makes_another_network(
    imported: Path, pictures: Path, tmp_path: Path
) -> None:
    of_others = {"preset": "patches", "schedule": "cosine"}
    info, _ = tuned(pictures, tmp_path / "run", imported, **of_others)
    assert info.process.schedule == "betas"
    assert (info.preset, describe_run(tmp_path / "run").preset) == (None, None)
    shape = PictureShape(16, 16, 3)
    assert tmp_path / "run" not in [base.run for base in find_bases(shape, (), [tmp_path / "run"])]
    # The command that trains it again asks for neither.
    (line,) = retraining(info, 1, "again").commands
    assert not {"--preset", "--schedule"} & set(shlex.split(line))
    with pytest.raises(StudioError, match="its own preset, which can't become patches"):
        fine_tune_request(tmp_path / "run", of_others, lambda fields: TrainRequest(**fields))
    info, _ = tuned(pictures, tmp_path / "tiny", imported, preset="tiny")
    assert info.preset == "tiny"
