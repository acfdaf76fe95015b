"""Design tokens: spacing, font sizes, and colours of the dark and the light theme."""

from __future__ import annotations

from dataclasses import dataclass

SPACE_S, SPACE_M, SPACE_L, SPACE_XL = 4, 8, 16, 24
RADIUS = 6
FONT_CAPTION, FONT_BODY, FONT_TITLE = 11, 13, 20
ICON_SIZE = 16
X0_HAT = "x\u200d\u0302₀"
"""Symbol x̂₀; DejaVu Sans drops the hat unless a zero-width joiner precedes it."""


@dataclass(frozen=True)
class Tokens:
    """Colours of a theme, each as ``#rrggbb``.

    ``plot`` has colours of Okabe and Ito's colour-blind-safe palette, in the order in which runs
    are assigned them; an index means the same family of hue in both themes.
    """

    name: str
    ground: str
    panel: str
    raised: str
    hover: str
    pressed: str
    selected: str
    line: str
    outline: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    danger: str
    warning: str
    success: str
    plot: tuple[str, ...]

    @property
    def is_dark(self) -> bool:
        """Whether the background is dark (relative luminance below 0.5)."""
        return luminance(self.ground) < 0.5


DARK = Tokens(
    name="dark",
    ground="#16181d",
    panel="#1d2026",
    raised="#262a31",
    hover="#2f343d",
    pressed="#373d47",
    selected="#2a3a57",
    line="#343943",
    outline="#4b525e",
    text="#e6e8eb",
    muted="#9aa1ac",
    disabled="#656c78",
    accent="#6ea8fe",
    accent_hover="#8bbaff",
    on_accent="#0c1322",
    danger="#ff8a80",
    warning="#f0b75a",
    success="#6fcf97",
    plot=("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2"),
)

LIGHT = Tokens(
    name="light",
    ground="#f6f7f9",
    panel="#ffffff",
    raised="#ffffff",
    hover="#eef1f5",
    pressed="#e2e6ec",
    selected="#dce8fd",
    line="#d9dde3",
    outline="#b4bbc6",
    text="#1c1f24",
    muted="#5c6570",
    disabled="#9aa2ad",
    accent="#1d57d0",
    accent_hover="#1d53cc",
    on_accent="#ffffff",
    danger="#b42318",
    warning="#8a5300",
    success="#146c43",
    plot=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"),
)

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *(
        (ink, ground)
        for ink in ("text", "muted", "accent", "danger", "warning", "success")
        for ground in ("ground", "panel", "raised")
    ),
    *((ink, ground) for ink in ("text", "accent") for ground in ("hover", "pressed", "selected")),
    ("muted", "hover"),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
)
"""Every (foreground, background) pair of tokens used for text; its contrast is tested."""


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue (0..255) of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Return the relative luminance (0..1) of a colour, by WCAG 2.2."""

    def linear(value: int) -> float:
        scaled = value / 255
        return scaled / 12.92 if scaled <= 0.04045 else float(((scaled + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(value) for value in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio (1..21) of two colours, by WCAG 2.2."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def mix(first: str, second: str, share: float) -> str:
    """Blend two colours: ``share`` (0..1) of ``first`` over ``second``, opaque.

    Replaces alpha blending, which makes plots draw hundreds of times slower.
    """
    pairs = zip(channels(first), channels(second), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)
