"""Data preparation options: size, colour, fit, bands, split, labels and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from ddpm_studio.picture_shape import (
    ImageSize,
    format_ranges,
    parse_band_list,
    parse_expected_ranges,
    parse_image_size,
    parse_ranges,
)
from ddpm_studio.requests.base import Request

#: Versions of the reading rules: those of version 0.1.0, and the current ones.
FIRST_RULES, RULES = 1, 2

# The rules stay those of the set, so that runs of 0.1.0 keep their meaning.
_SHAPE_OPTIONS = ("image_size", "channels", "fit", "background", "rules")


def _unset(value: object) -> bool:
    # An unset field is left out of dumps, so fingerprints stay as they were before it was added.
    return value is None or value == {}


class PrepareOptions(Request):
    """Preparation of the pictures."""

    image_size: Annotated[ImageSize, BeforeValidator(parse_image_size)] | None = Field(
        None,
        title="Image size",
        description="Side in pixels, 4 to 1024, or width × height such as 96x64; "
        "empty: a square, chosen to fit.",
        json_schema_extra={"metavar": "N|WxH"},
    )
    channels: Literal["auto", "gray", "rgb", "gray+alpha", "rgba", "bands"] = Field(
        "auto",
        title="Colour",
        description="auto: gray if every picture is gray, else RGB, and of arrays with more than "
        "four channels all; rgba: with transparency, as is gray+alpha; bands: all channels of "
        "arrays as they are.",
    )
    fit: Literal["crop", "pad", "squash"] = Field(
        "crop",
        title="Fit",
        description="crop: the middle; pad: add borders; squash: stretch.",
    )
    background: str = Field(
        "#ffffff",
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Background",
        description="Colour of borders and behind transparent pixels.",
    )
    range: str | None = Field(
        None,
        title="Range",
        description="Values that become black and white, such as 0..4095 or -1..1, or "
        "uint16=0..4095 for one type; empty: inferred from their type, minimum and maximum.",
        json_schema_extra={"metavar": "LOW..HIGH"},
        exclude_if=_unset,
    )
    layout: str | None = Field(
        None,
        title="Layout",
        description="Axes of arrays: N pictures, H rows, W columns, C channels, such as NCHW, HWC "
        "or NHW; empty: inferred from their sizes.",
        json_schema_extra={"metavar": "AXES"},
        exclude_if=_unset,
    )
    bands: str | None = Field(
        None,
        title="Bands",
        description="Channels to take, counted from 1, in this order, such as 4,3,2; all: each, "
        "and none of them as transparency; empty: gray, colours or all.",
        json_schema_extra={"metavar": "all|N,N,…"},
        exclude_if=_unset,
    )
    frames: Literal["first", "all"] | None = Field(
        None,
        title="Frames",
        description="first: one frame or page of each file; all: each of them is a picture; "
        "empty: first.",
        exclude_if=_unset,
    )
    split: (
        Literal["train", "val", "test", "unlabeled", "extra", "images", "masks", "all"] | None
    ) = Field(
        None,
        title="Split",
        description="Which split of a set that has splits; empty: train, and of pictures with "
        "masks the pictures.",
        exclude_if=_unset,
    )
    array: str | None = Field(
        None,
        max_length=200,
        title="Array",
        description="Name of the array of pictures in a file of several; empty: by a usual name.",
        exclude_if=_unset,
    )
    labels: str | None = Field(
        None,
        max_length=200,
        title="Labels",
        description="Source of the classes: folders, leaf-folders, names, a column of a table, "
        "…, as listed in the report; none: no classes; empty: the most certain.",
        exclude_if=_unset,
    )
    classes: dict[str, str] = Field(
        {},
        title="Classes",
        description="New names of classes; equal ones are merged, and - leaves a class out.",
        exclude_if=_unset,
    )
    rules: Literal[1, 2] = Field(
        2,
        title="Rules of reading",
        description="1: as in version 0.1.0, for its runs; 2: as today.",
        exclude_if=lambda rules: rules == RULES,
    )

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges asked for, by dtype, with that of all others under ""."""
        return {} if self.range is None else parse_ranges(self.range)

    @property
    def expected_ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges, by dtype, of sets like these, which hold where all values fit in them."""
        return {} if self.range is None else parse_expected_ranges(self.range)

    def expecting(self, ranges: Mapping[str, tuple[float, float]]) -> PrepareOptions:
        """Return the options with these expected ranges, by dtype, in place of others."""
        if ranges == self.expected_ranges:
            return self
        return self.model_copy(update={"range": format_ranges(self.ranges, ranges) or None})

    def range_of(self, dtype: str) -> tuple[float, float] | None:
        """Return the range asked for values of a dtype; None if it is to be inferred."""
        return self.ranges.get(dtype, self.ranges.get(""))

    def without_reading(self) -> PrepareOptions:
        """Return the options for pictures of levels 0..255: size, channels, fit and background.

        Those that say how the files of a set are read, such as their range, bands and labels, do
        not apply to masks, drawings and arrays in memory.
        """
        return PrepareOptions(**{name: getattr(self, name) for name in _SHAPE_OPTIONS})

    @field_validator("rules", mode="before")
    @classmethod
    def _read_rules(cls, rules: object) -> object:
        # The terminal passes text.
        return int(rules) if isinstance(rules, str) and rules in ("1", "2") else rules

    @field_validator("range")
    @classmethod
    def _check_range(cls, text: str | None) -> str | None:
        if text is not None:
            parse_ranges(text)
        return text

    @field_validator("layout")
    @classmethod
    def _check_layout(cls, axes: str | None) -> str | None:
        if axes is None:
            return None
        axes = axes.strip().upper()
        repeated = len(set(axes)) < len(axes)
        if repeated or not set("HW") <= set(axes) <= set("NHWC"):
            raise ValueError("must be axes such as NHWC, NCHW, NHW, HWC, CHW or HW")
        return axes

    @field_validator("bands")
    @classmethod
    def _check_bands(cls, bands: str | None) -> str | None:
        if bands is not None:
            parse_band_list(bands)
        return bands
