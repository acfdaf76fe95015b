"""Feature spaces: their features, reproducibility, caching, and what they report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.features import cache, classifier
from ddpm_studio.metrics.features.classifier import ClassifierSpace, classifier_space
from ddpm_studio.metrics.features.pixels import PixelSpace
from ddpm_studio.metrics.features.projection import principal_components, projected_space
from ddpm_studio.metrics.features.resizing import as_rgb, channels_first, resize_to, shrink_to
from ddpm_studio.metrics.features.space import BATCH_SIZE, Basis, compute_features
from ddpm_studio.metrics.features.weights import read_weights
from ddpm_studio.metrics.frechet import frechet_distance
from ddpm_studio.metrics.spaces import feature_space


def stripes(count: int, channels: int = 1, size: int = 12) -> tuple[Any, Any]:
    """Return noisy pictures of vertical stripes, horizontal stripes and none, and their labels."""
    draw = np.random.default_rng(0)
    labels = np.arange(count) % 3
    wave = 100 * np.sin(np.arange(size) * 1.5)
    upright = np.tile(wave, (size, 1))
    shapes = np.stack([upright, upright.T, np.zeros((size, size))])
    x = 127 + shapes[labels][..., None] + 20 * draw.standard_normal((count, size, size, channels))
    return x.clip(0, 255).astype(np.uint8), labels


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "_MAX_PICTURES_SEEN", 1500)


def basis(count: int = 300, **more: Any) -> Basis:
    images, labels = stripes(count)
    return Basis(images, labels, ("upright", "level", "none"), **more)


def trained(given: Basis) -> ClassifierSpace:
    return finish(classifier_space(given))


def test_the_classifier_learns_and_tells_how_well(quick: None) -> None:
    space = trained(basis())
    assert space.title == "64 features of a classifier of the set"
    assert space.accuracy is not None
    assert space.accuracy > 0.9
    assert 10 < space.test_count < 60
    assert space.details["held_out_accuracy"] == space.accuracy
    images, labels = stripes(60)
    found = space(images)
    assert found.shape == (60, 64)
    assert found.dtype == np.float64
    probable = space.probabilities(found)
    np.testing.assert_allclose(probable.sum(1), 1, rtol=1e-12)
    assert (probable.argmax(1) == labels).mean() > 0.9
    with torch.no_grad():
        logits = space.network(channels_first(images) / 127.5 - 1)
    np.testing.assert_allclose(probable, logits.double().softmax(1), atol=1e-5)


def test_equal_seeds_give_equal_networks_and_leave_torchs_random_numbers_alone(
    quick: None,
) -> None:
    torch.manual_seed(1)
    first = trained(basis())
    drawn = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(3))
    again, other = trained(basis()), trained(basis(seed=1))
    assert first.details == again.details
    assert first.details["weights_sha256"] != other.details["weights_sha256"]


def test_a_network_is_kept_by_the_content_of_the_pictures(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained(basis(cache=tmp_path))

    def never(*_: Any) -> Any:
        raise AssertionError("trained again")

    with monkeypatch.context() as patch:
        patch.setattr(classifier, "_train", never)
        assert trained(basis(cache=tmp_path)).details == first.details
        for changed in (basis(299, cache=tmp_path), basis(seed=1, cache=tmp_path)):
            with pytest.raises(AssertionError, match="trained again"):
                trained(changed)
        # Given as a file of weights, it applies to any pictures of these classes.
        [kept] = tmp_path.rglob("*.safetensors")
        details = dict(trained(basis(299, weights=read_weights(kept))).details)
        assert details == dict(first.details)
    for file in tmp_path.rglob("*.safetensors"):
        file.write_bytes(b"spoilt")
    assert trained(basis(cache=tmp_path)).details == first.details


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_others_may_read_what_is_kept_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        cache.store(tmp_path, "a", {"x": torch.ones(2)})
    finally:
        os.umask(before)
    (file,) = (tmp_path / "features").iterdir()
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_the_network_sees_of_a_large_set_is_not_kept(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = stripes(150, size=40)
    large = Basis(images, labels, ("upright", "level", "none"))
    kept = trained(large)
    monkeypatch.setattr(classifier, "_MAX_PRELOADED_BYTES", 0)
    assert trained(large).details == kept.details


def test_pictures_without_classes_have_no_classifier() -> None:
    images, _ = stripes(9)
    with pytest.raises(ValueError, match="need pictures with classes"):
        finish(feature_space("classifier", Basis(images)))


def test_pixels_are_projected_on_their_principal_components() -> None:
    images, _ = stripes(200)
    space = finish(feature_space("pixels", Basis(images), 5))
    assert space.title == "5 principal components of 144 values of the pixels"
    found = finish(compute_features(space, images))
    flat = images.reshape(200, -1) / 127.5 - 1
    centred = flat - flat.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs(left * values)[:, :5], atol=1e-5)
    explained = (values[:5] ** 2).sum() / (values**2).sum()
    assert space.details["variance_explained"] == pytest.approx(explained, rel=1e-6)
    whole = finish(feature_space("pixels", Basis(images), 0))
    np.testing.assert_allclose(whole(images), flat, atol=1e-6)


def test_components_are_found_without_a_copy_of_the_pictures() -> None:
    class Rows:
        """Array of pictures that asserts that few are read at once."""

        shape = (300, 4, 4, 1)

        def __len__(self) -> int:
            return 300

        def __getitem__(self, rows: Any) -> Any:
            assert len(rows) <= BATCH_SIZE
            return np.random.default_rng(0).integers(0, 256, (len(rows), 4, 4, 1), np.uint8)

    found = finish(projected_space(PixelSpace((4, 4), 1), Basis(cast(Any, Rows())), 3))
    assert found.components.shape == (16, 3)


@pytest.mark.parametrize("shape", [(40, 7), (7, 40)])
def test_principal_components_of_many_and_of_few(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    centred = x - x.mean(0)
    found, explained = principal_components(centred, 4)
    np.testing.assert_allclose(found.T @ found, np.eye(4), atol=1e-10)
    values = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(((centred @ found) ** 2).sum(0), values[:4] ** 2, rtol=1e-9)
    assert explained == pytest.approx((values[:4] ** 2).sum() / (values**2).sum())


def test_features_of_equal_pictures_have_no_components_and_stay_as_they_are() -> None:
    real = np.full((9, 4, 4, 1), 7, np.uint8)
    space = finish(feature_space("pixels", Basis(real), 5))
    assert space.title == "16 values of the pixels"
    others = np.full((9, 4, 4, 1), 7 + 51, np.uint8)
    # 51 of 255 levels are 0.4 of −1..1, in each of 16 dimensions.
    assert frechet_distance(space(real), space(others)) == pytest.approx(16 * 0.4**2, rel=1e-6)


def test_alpha_lies_over_white_and_gray_is_three_times_itself() -> None:
    clear = np.array([[[[10, 20, 30, 0]]], [[[10, 20, 30, 255]]]], np.uint8)
    assert as_rgb(clear)[:, :, 0, 0].tolist() == [[255, 255, 255], [10, 20, 30]]
    gray = np.array([[[[10, 0]]], [[[10, 255]]]], np.uint8)
    assert as_rgb(gray)[:, :, 0, 0].tolist() == [[255] * 3, [10] * 3]
    assert channels_first(gray).shape == (2, 1, 1, 1)
    with pytest.raises(ValueError, match="5 bands have no colours"):
        as_rgb(np.zeros((1, 1, 1, 5), np.uint8))


@pytest.mark.parametrize("size", [(9, 7), (40, 64)])
def test_resizing_is_pillows_bicubic(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 24), dtype=np.uint8)
    ours = resize_to(channels_first(picture[None, :, :, None]), *size)[0, 0]
    floats = Image.fromarray(picture.astype(np.float32))
    theirs = floats.resize(size[::-1], Image.Resampling.BICUBIC)
    np.testing.assert_allclose(ours, np.clip(np.asarray(theirs), 0, 255), atol=0.01)


def test_shrinking_keeps_the_shape_and_never_enlarges() -> None:
    assert shrink_to(torch.zeros(1, 1, 64, 32), 32).shape == (1, 1, 32, 16)
    assert shrink_to(torch.zeros(1, 1, 8, 16), 32).shape == (1, 1, 8, 16)


def test_the_checkpoint_of_a_training_is_no_table_of_weights(tmp_path: Path) -> None:
    table = {"fc.weight": torch.zeros(2, 3)}
    torch.save({"epoch": 3, "model": table, "optimizer": {}}, tmp_path / "last.pth")
    with pytest.raises(ValueError, match="no table of weights but of epoch, model, optimizer"):
        read_weights(tmp_path / "last.pth")
    torch.save(table, tmp_path / "weights.pth")
    assert list(read_weights(tmp_path / "weights.pth").tensors) == ["fc.weight"]


@pytest.mark.parametrize("channels", [2, 4])
def test_no_band_is_alpha(channels: int) -> None:
    """With a last band of 0, all else would be white if that were alpha."""
    images, _ = stripes(40, channels)
    images[..., -1] = 0
    assert np.array_equal(channels_first(images, are_bands=True), images.transpose(0, 3, 1, 2))
    space = finish(feature_space("pixels", Basis(images, are_bands=True), 0))
    np.testing.assert_allclose(space(images), _flat(images), atol=1e-6)
    with pytest.raises(ValueError, match=f"pictures of {channels} bands have no colours"):
        as_rgb(images, are_bands=True)


def _flat(images: Any) -> Any:
    """Return the pixels in −1..1, channels first, shape (N, D)."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1) / 127.5 - 1


def test_one_or_three_bands_are_seen_as_gray_or_colours() -> None:
    images, _ = stripes(2, 3)
    assert torch.equal(as_rgb(images, are_bands=True), as_rgb(images))
    assert as_rgb(images[..., :1], are_bands=True).shape[1] == 3


def test_the_classifier_learns_from_all_bands(quick: None, tmp_path: Path) -> None:
    images, labels = stripes(300, 2)
    images[..., -1] = 0
    names = ("upright", "level", "none")
    one, other = (
        Basis(images, labels, names, cache=tmp_path, are_bands=bands) for bands in (False, True)
    )
    # That of gray with transparency, which is white here, is not found for bands.
    blind, space = trained(one), trained(other)
    assert blind.accuracy is not None
    assert space.accuracy is not None
    assert blind.accuracy < 0.6 < 0.9 < space.accuracy
    assert trained(other).details == space.details
