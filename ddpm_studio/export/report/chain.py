"""SVG of the paper's directed graphical model, with pictures [DDPM Fig. 2]."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ddpm_studio.export.grid import Pictures
from ddpm_studio.export.report.pictures import data_uri
from ddpm_studio.export.report.prose import Html, svg_math
from ddpm_studio.picture_shape import FIRST_BANDS, Bands

_STEP, _EDGE, _RADIUS = 148, 62, 25
_PICTURE, _TOP, _GAP = 96, 8, 14


@dataclass(frozen=True, eq=False)
class Node:
    """Node of the graph: its symbol, such as ``x_t``, "" for an ellipsis, and picture (H, W, C)."""

    symbol: str
    picture: Pictures


def chain(nodes: Sequence[Node], *, title: str, bands: Bands = FIRST_BANDS) -> Html:
    """Draw the graph x_T → … → x_t → x_{t−1} → … → x_0 as SVG, with a picture above each node.

    Arrows to the right are labelled with p_θ, those back to the left with q.

    Args:
        nodes: from x_T to x_0, which is drawn as observed.
        title: accessible name (``aria-label``).
        bands: which of more than four channels to show.
    """
    picture_height, picture_width = nodes[0].picture.shape[:2]
    largest = max(picture_height, picture_width)
    scaled_height = _PICTURE * picture_height / largest
    centre_y = _TOP + scaled_height + _GAP + _RADIUS
    width = 2 * _EDGE + _STEP * (len(nodes) - 1)
    height = centre_y + _RADIUS + 46
    parts = [_ARROWS]
    for index, node in enumerate(nodes):
        x = _EDGE + _STEP * index
        parts.append(_picture(node, x, scaled_height, _PICTURE * picture_width / largest, bands))
        parts.append(_node(node, x, centre_y, observed=index == len(nodes) - 1))
    for index, (left_node, right_node) in enumerate(pairwise(nodes)):
        x = _EDGE + _STEP * index
        parts.append(_arrow(x, centre_y))
        if left_node.symbol and right_node.symbol:
            parts.append(_kernels(left_node.symbol, right_node.symbol, x, centre_y))
    label = html.escape(title, quote=True)
    return Html(
        f'<svg class="chain" viewBox="0 0 {width} {height:.0f}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


_ARROWS = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
)


def _picture(node: Node, x: float, height: float, width: float, bands: Bands) -> str:
    return (
        f'<image href="{data_uri(node.picture, bands)}" x="{x - width / 2:.1f}" y="{_TOP}" '
        f'width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none"/>'
    )


def _node(node: Node, x: float, y: float, *, observed: bool) -> str:
    if not node.symbol:
        return f'<text class="dots" x="{x}" y="{y + 5:.1f}" text-anchor="middle">···</text>'
    kind = "node observed" if observed else "node"
    return (
        f'<circle class="{kind}" cx="{x}" cy="{y:.1f}" r="{_RADIUS}"/>'
        f'<text class="symbol" x="{x}" y="{y + 5:.1f}" text-anchor="middle">'
        f"{svg_math(node.symbol)}</text>"
    )


def _arrow(x: float, y: float) -> str:
    start, end = x + _RADIUS + 4, x + _STEP - _RADIUS - 4
    return f'<path class="on" marker-end="url(#tip)" d="M{start} {y:.1f}H{end}"/>'


def _kernels(left: str, right: str, x: float, y: float) -> str:
    """Draw the label p_θ(x_{t−1}|x_t) above the arrow, and the arrow q(x_t|x_{t−1}) below it."""
    centre, start, end = x + _STEP / 2, x + 16, x + _STEP - 16
    lower_y = y + _RADIUS - 3
    return (
        f'<text class="kernel" x="{centre}" y="{y - 9:.1f}" text-anchor="middle">'
        f"{svg_math(f'p_θ({right}|{left})')}</text>"
        f'<path class="back" marker-end="url(#tip)" d="M{end} {lower_y:.1f}'
        f'C{end - 30} {lower_y + 22:.1f} {start + 30} {lower_y + 22:.1f} {start} {lower_y:.1f}"/>'
        f'<text class="kernel" x="{centre}" y="{lower_y + 38:.1f}" text-anchor="middle">'
        f"{svg_math(f'q({left}|{right})')}</text>"
    )
