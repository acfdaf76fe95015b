"""Features of a small convolutional classifier trained on the data set's own classes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Generator, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from ddpm_studio.metrics.features import cache
from ddpm_studio.metrics.features.resizing import channels_first, describe_resize, shrink_to
from ddpm_studio.metrics.features.space import Basis, Features, Pictures
from ddpm_studio.metrics.held_out import content_hashes, content_key, held_out
from ddpm_studio.progress import Progress

#: Length of a feature vector.
WIDTH = 64

# Version in the cache key: increase it whenever the same pictures would give another network.
_FORMAT = 1
_SIDE = 32
_BATCH = 128
_CHUNK = 1024
# Total pictures seen, about a minute on two cores; and the maximum number of epochs of a small set.
_MAX_PICTURES_SEEN, _MAX_EPOCHS = 60_000, 60
_LEARNING_RATE, _WEIGHT_DECAY = 4e-3, 1e-2
_WARMUP_FRACTION = 0.1
_MAX_SHIFT = 2
_HELD_OUT, _MAX_HELD_OUT = 0.1, 5000
# Largest preprocessed set kept in memory, in bytes. A larger one is preprocessed batch by batch:
# few of its pictures are seen twice.
_MAX_PRELOADED_BYTES = 1 << 30
_ACCURACY, _TEST_COUNT = "held_out_accuracy", "held_out_count"

_InputLoader = Callable[[npt.NDArray[np.int64]], Tensor]


class Backbone(nn.Module):
    """Convolutional network down to about 4 × 4 positions, then a linear layer to 64 features.

    Args:
        channels: channels of the pictures, without alpha.
        size: (H, W) of its input.
    """

    def __init__(self, channels: int, size: tuple[int, int]) -> None:
        super().__init__()
        halved = nn.MaxPool2d(2, ceil_mode=True)
        self.layers = nn.Sequential(
            *_layer(channels, 32, 5, 2),
            *_layer(32, 48, 3, 1),
            halved,
            *_layer(48, 64, 3, 1),
            *_layer(64, 64, 3, 1),
            halved,
            nn.Flatten(),
        )
        positions = math.prod(math.ceil(side / 8) for side in size)
        self.features = nn.Linear(64 * positions, WIDTH, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures, (N, C, H, W) in −1..1, to features, (N, 64)."""
        return functional.relu(self.norm(self.features(self.layers(x))))


class Classifier(nn.Module):
    """Classifier: :class:`Backbone`, and a linear head that gives the class logits.

    Args:
        channels: channels of the pictures, without alpha.
        size: (H, W) of its input.
        classes: number of classes.
    """

    def __init__(self, channels: int, size: tuple[int, int], classes: int) -> None:
        super().__init__()
        self.body = Backbone(channels, size)
        self.head = nn.Linear(WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures, (N, C, H, W) in −1..1, to logits, (N, classes)."""
        logits: Tensor = self.head(self.body(x))
        return logits


class ClassifierSpace:
    """Feature space of a trained classifier, with its class probabilities.

    Args:
        network: trained classifier.
        class_names: names of its classes.
        accuracy: accuracy on ``test_count`` held-out pictures; None: unknown.
        test_count: number of those pictures.
        size: (H, W) of the pictures it was trained on.
        seed: seed of its training.
        are_bands: whether their channels are bands, of which none is alpha.
    """

    def __init__(
        self,
        network: Classifier,
        class_names: tuple[str, ...],
        accuracy: float | None,
        test_count: int,
        size: tuple[int, int],
        seed: int,
        are_bands: bool = False,
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.class_names = class_names
        self.accuracy, self.test_count = accuracy, test_count
        self._size, self._seed, self._are_bands = size, seed, are_bands

    @property
    def title(self) -> str:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return f"{WIDTH} features of a classifier of the set"

    @property
    def details(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return {
            "held_out_accuracy": self.accuracy,
            "held_out_pictures": self.test_count,
            "classes": list(self.class_names),
            "seed": self._seed,
            "pictures_seen_as": describe_resize(*self._size, _input_size(*self._size)),
            "weights_sha256": weights_digest(self.network),
        }

    def __call__(self, pictures: Pictures, /) -> Features:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        with torch.no_grad():
            x = _preprocess(pictures, self._are_bands)
            features: Features = self.network.body(x).double().numpy()
        return features

    def probabilities(self, features: Features) -> Features:
        """Return the class probabilities, float64 (N, classes), for features (N, 64)."""
        head = self.network.head
        logits = features @ head.weight.double().numpy().T + head.bias.double().numpy()
        exponentials = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(1, keepdims=True))


def classifier_space(basis: Basis) -> Generator[Progress, None, ClassifierSpace]:
    """Train the classifier of a set, or load it from the cache or from a file chosen by the user.

    A tenth of the pictures, 5,000 at most, chosen by a hash of their content, is held out to test
    it. The same pictures, seed and number of threads give the same network.

    Yields:
        Progress.

    Raises:
        ValueError: if the pictures have no classes or only one, or the file holds another network.
    """
    if basis.labels is None or len(basis.class_names) < 2:
        raise ValueError("the pictures have no classes that a network could learn")
    size = (basis.images.shape[1], basis.images.shape[2])
    channels = channels_first(basis.images[:1], basis.are_bands).shape[1]
    network = _uninitialised(channels, _input_size(*size), len(basis.class_names))
    if basis.weights is not None:
        basis.weights.load_into(network)
        return _space(network, basis, basis.weights.tensors)
    hashes = yield from content_hashes(basis.images)
    details = [
        _FORMAT,
        content_key(hashes),
        basis.class_names,
        basis.seed,
        list(basis.images.shape),
    ]
    if channels in (2, 4):
        # Bands, whose last one earlier versions took for alpha.
        details.append("bands")
    digest = hashlib.blake2b(json.dumps(details).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(basis.labels, np.int64).tobytes())
    key = f"classifier-{digest.hexdigest()}"
    cached = cache.load_cached(basis.cache, key)
    if cached is not None:
        network.load_state_dict(cached, strict=False)
        return _space(network, basis, cached)
    test = held_out(hashes, _HELD_OUT, _MAX_HELD_OUT)
    x = yield from _input_loader(basis.images, basis.are_bands)
    y = torch.from_numpy(np.ascontiguousarray(basis.labels, np.int64))
    _init_weights(network, basis.seed)
    yield from _train(network, x, y, np.flatnonzero(~test), basis.seed)
    accuracy = _accuracy(network, x, y, np.flatnonzero(test))
    test_count = int(test.sum())
    notes = {
        _ACCURACY: torch.tensor(accuracy, dtype=torch.float64),
        _TEST_COUNT: torch.tensor(test_count),
    }
    cache.store(basis.cache, key, {**network.state_dict(), **notes})
    return _space(network, basis, notes)


def _space(network: Classifier, basis: Basis, notes: Mapping[str, Tensor]) -> ClassifierSpace:
    """Create the feature space of a trained network; ``notes`` has its held-out accuracy."""
    size = (basis.images.shape[1], basis.images.shape[2])
    test_count = int(notes.get(_TEST_COUNT, torch.tensor(0)))
    accuracy = float(notes[_ACCURACY]) if test_count and _ACCURACY in notes else None
    return ClassifierSpace(
        network, basis.class_names, accuracy, test_count, size, basis.seed, basis.are_bands
    )


def weights_digest(network: nn.Module) -> str:
    """Return the SHA-256, in hex, of a network's names and tensors."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _uninitialised(channels: int, size: tuple[int, int], classes: int) -> Classifier:
    """Create an uninitialised network, so that torch's global generator is not advanced."""
    with torch.device("meta"):
        network = Classifier(channels, size, classes)
    return network.to_empty(device="cpu")


def _init_weights(network: Classifier, seed: int) -> None:
    """Initialise the weights with He initialisation, from a generator of their own [He 2015]."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_running_stats()
            module.reset_parameters()
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _input_loader(images: Pictures, are_bands: bool) -> Generator[Progress, None, _InputLoader]:
    """Return a function from rows of the set to the network's input, preprocessed if it fits."""
    values = _preprocess(images[:1], are_bands).numel()
    if 4 * values * len(images) > _MAX_PRELOADED_BYTES:
        return lambda rows: _preprocess(images[rows], are_bands)
    chunks = []
    for start in range(0, len(images), _CHUNK):
        chunks.append(_preprocess(images[start : start + _CHUNK], are_bands))
        done = min(start + _CHUNK, len(images))
        yield Progress(done, len(images), "Reading the pictures", "pictures")
    inputs = torch.cat(chunks)
    return lambda rows: inputs[torch.from_numpy(rows)]


def _train(
    network: Classifier, x: _InputLoader, y: Tensor, rows: npt.NDArray[np.int64], seed: int
) -> Generator[Progress, None, None]:
    """Train with AdamW, linear warm-up and decay of the learning rate, and random shifts."""
    steps = max(1, min(_MAX_PICTURES_SEEN, _MAX_EPOCHS * len(rows)) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    rng = np.random.default_rng(seed)
    network.train()
    order = np.empty(0, np.int64)
    for step in range(steps):
        warmup = min(1.0, (step + 1) / (_WARMUP_FRACTION * steps))
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * warmup * (1 - step / steps)
        while len(order) < _BATCH:
            order = np.concatenate([order, rng.permutation(rows)])
        batch, order = order[:_BATCH], order[_BATCH:]
        targets = y[torch.from_numpy(batch)]
        loss = functional.cross_entropy(network(_random_shift(x(batch), rng)), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        yield Progress(step + 1, steps, "Training the classifier")
    network.eval()


def _random_shift(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift a batch randomly by up to two pixels each way, with replicated borders."""
    down, right = rng.integers(0, 2 * _MAX_SHIFT + 1, 2).tolist()
    height, width = x.shape[2:]
    padded = functional.pad(x, (_MAX_SHIFT,) * 4, mode="replicate")
    return padded[:, :, down : down + height, right : right + width]


def _accuracy(
    network: Classifier, x: _InputLoader, y: Tensor, rows: npt.NDArray[np.int64]
) -> float:
    correct = 0
    with torch.no_grad():
        for start in range(0, len(rows), 512):
            batch = rows[start : start + 512]
            targets = y[torch.from_numpy(batch)]
            correct += int((network(x(batch)).argmax(1) == targets).sum())
    return correct / max(1, len(rows))


def _preprocess(pictures: Pictures, are_bands: bool) -> Tensor:
    """Preprocess pictures for the network: float32 (N, C, H, W) in −1..1, at most 32 px."""
    return shrink_to(channels_first(pictures, are_bands), _SIDE) / 127.5 - 1


def _input_size(height: int, width: int) -> tuple[int, int]:
    shrunk = shrink_to(torch.empty(1, 1, height, width), _SIDE)
    return shrunk.shape[2], shrunk.shape[3]


def _layer(inputs: int, outputs: int, kernel: int, stride: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
