"""Non-leaky augmentation: random geometric transforms whose parameters condition the network.

A network conditioned on how each picture was augmented can be sampled with augment labels of 0: it
then generates unaugmented pictures [Karras et al. 2022, EDM, appendix F.2].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm_studio.engine.checks import check_number, check_pictures, check_shape

#: Length of a picture's augment labels, which are 0 where it is not augmented.
AUGMENT_LABELS = 9

# Standard deviations of log2 of the scale, of log2 of the stretch, and of the shift as a fraction
# of a side.
_SCALE, _STRETCH, _SHIFT = 0.2, 0.2, 0.125


def draw_augment_labels(count: int, probability: float, generator: torch.Generator) -> Tensor:
    """Sample augment labels for ``count`` pictures, each transform independently.

    Args:
        count: number of pictures.
        probability: probability of each transform: horizontal flip; vertical flip; scaling;
            rotation by a uniform angle; stretching along a uniform direction; translation.
        generator: random number generator; the result is on its device.

    Returns:
        float32 (count, :data:`AUGMENT_LABELS`): whether flipped horizontally; whether flipped
        vertically; log2 of the scale in units of .2; cos − 1 and sin of the angle; log2 of the
        stretch in units of .2, along its direction, x and y; the shift in eighths of a side, to
        the left and up, applied before the other transforms. Scale, stretch and shift are normally
        distributed in these units.

    Raises:
        ValueError: if the probability is outside 0..1.
    """
    check_number("the probability of augmentation", probability, 0, 1)
    device = generator.device
    uniform = torch.rand(count, 8, generator=generator, device=device)
    normal = torch.randn(count, 4, generator=generator, device=device)
    flipped_h, flipped_v, scaled, rotated, stretched, shifted = (
        (uniform[:, :6] < probability).float().unbind(1)
    )
    angle, direction = (math.pi * (2 * uniform[:, 6:] - 1)).unbind(1)
    angle = angle * rotated
    stretch = normal[:, 1] * stretched
    return torch.stack(
        [
            flipped_h,
            flipped_v,
            normal[:, 0] * scaled,
            angle.cos() - 1,
            angle.sin(),
            stretch * direction.cos(),
            stretch * direction.sin(),
            normal[:, 2] * shifted,
            normal[:, 3] * shifted,
        ],
        dim=1,
    )


def augment(x0: Tensor, labels: Tensor) -> Tensor:
    """Augment pictures: translate, then flip, rotate, stretch and scale them about their centre.

    Resampling is bicubic, with reflection padding.

    Args:
        x0: pictures in [−1, 1], shape (N, C, H, W).
        labels: see :func:`draw_augment_labels`.

    Returns:
        Augmented pictures, shape of ``x0``; a picture whose labels are all 0 is returned
        unchanged, bit for bit.

    Raises:
        ValueError: if a shape does not match.
    """
    check_pictures("x_0", x0)
    check_shape("the augment labels", labels, (len(x0), AUGMENT_LABELS))
    height, width = x0.shape[2:]
    size = torch.tensor([width, height], dtype=torch.float32, device=x0.device)
    # grid_sample normalises the coordinates of each side to −1..1.
    linear = _inverse_maps(labels) * size / size[:, None]
    shift = 2 * _SHIFT * labels[:, 7:, None]
    grid = F.affine_grid(torch.cat([linear, shift], 2), list(x0.shape), align_corners=False)
    transformed = F.grid_sample(
        x0, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    augmented = (labels != 0).any(1)[:, None, None, None]
    return torch.where(augmented, transformed.clamp(-1, 1), x0)


def _inverse_maps(labels: Tensor) -> Tensor:
    """Inverse linear maps, output to input coordinates about the centre, shape (N, 2, 2)."""
    flipped_h, flipped_v, scale, cos, sin, along_x, along_y, _, _ = labels.unbind(1)
    flip = torch.diag_embed(torch.stack([1 - 2 * flipped_h, 1 - 2 * flipped_v], 1))
    rotation = _rotation(1 + cos, sin)
    stretch = torch.hypot(along_x, along_y)
    direction = torch.atan2(along_y, along_x)
    axes = _rotation(direction.cos(), direction.sin())
    factor = torch.exp2(_STRETCH * stretch)
    stretched = axes @ torch.diag_embed(torch.stack([1 / factor, factor], 1)) @ axes.mT
    return flip @ rotation @ stretched / torch.exp2(_SCALE * scale)[:, None, None]


def _rotation(cos: Tensor, sin: Tensor) -> Tensor:
    """Rotation matrices, shape (N, 2, 2)."""
    return torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
