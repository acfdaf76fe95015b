"""Results of a :class:`ddpm_studio.Run`: array-like objects with a rich display in notebooks."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ddpm_studio import export
from ddpm_studio.api.options import accepts_options, check_options, options_for
from ddpm_studio.api.pictures import AnyPath
from ddpm_studio.durations import format_count
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.errors import StudioError
from ddpm_studio.export.npy import NPY, save_npy
from ddpm_studio.export.pictures import to_image
from ddpm_studio.jobs import save_latent
from ddpm_studio.jobs.drawing.picture_files import (
    display_zoom,
    frame_grid,
    ignored_options,
    save_drawing,
    save_frames,
    visible_bands,
)
from ddpm_studio.jobs.events import (
    BitsMeasured,
    DrawingResult,
    EvaluationResult,
    FrameImages,
    Latent,
    NeighboursFound,
    Pictures,
)
from ddpm_studio.jobs.request_building import build_request
from ddpm_studio.picture_shape import PictureShape, to_displayable
from ddpm_studio.requests import AnimationOptions, ArrayOptions, GridOptions, ViewOptions

# Kinds of drawings whose pictures are a sequence that can be animated.
_ANIMATABLE_KINDS = ("interpolate", "path")


class PictureArray:
    """Pictures as an array-like, uint8 (N, H, W, C), which notebooks show as a grid."""

    pictures: Pictures
    columns: int | None = None
    """Pictures in a row of the grid; None: as square as possible."""

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is None:
            return np.asarray(self.pictures, dtype)
        return np.array(self.pictures, dtype, copy=copy)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: Any) -> Pictures:
        picture: Pictures = self.pictures[index]
        return picture

    @accepts_options(GridOptions)
    def image(self, **options: Any) -> Image.Image:
        """Return the grid of all pictures, as in notebooks: an image of mode L, LA, RGB or RGBA.

        Small pictures are enlarged unless ``scale`` is given; of more than four channels,
        ``bands`` such as (4, 3, 2) are shown as red, green and blue.

        Raises:
            TypeError: for an unknown option.
            StudioError: for a value out of range.
        """
        layout = build_request(GridOptions, check_options("image", options, GridOptions))
        grid = export.make_grid(self.pictures, layout.columns or self.columns)
        displayable = to_displayable(grid, visible_bands(grid.shape[-1], layout))
        return to_image(export.zoom(displayable, layout.scale or display_zoom(grid)))

    def _repr_png_(self) -> bytes | None:
        content = io.BytesIO()
        self.image().save(content, "PNG")
        return content.getvalue()

    @property
    def _shape_text(self) -> str:
        """Return "16 pictures of 32 × 24 × 3", width first as everywhere."""
        count, height, width, channels = self.pictures.shape
        noun = "picture" if count == 1 else "pictures"
        return f"{count} {noun} of {size_text(width, height)} × {channels}"


@dataclass(frozen=True, eq=False, repr=False)
class Drawing(PictureArray, DrawingResult):
    """Finished pictures, their recipe and, on request, frames of the reverse process.

    ``np.asarray(drawing)`` and ``drawing.pictures`` are uint8 (N, H, W, C). ``recipe`` is what
    made them; ``latent`` and ``shared`` are the latent they came from, as pictures and as numbers,
    where there is one. ``frames`` are intermediate states, present only if drawn with ``frames=``.
    """

    frames: tuple[FrameImages, ...] = ()
    columns: int | None = None

    @accepts_options(GridOptions, AnimationOptions, ViewOptions, ArrayOptions)
    def save(self, path: AnyPath, **options: Any) -> Path:
        """Save as .png, .zip, .npz or a folder; animated as .gif, .apng, .webp or .mp4; or as .npy.

        A .png is a grid of all pictures, a .zip or a folder has one PNG each, a .npz the arrays
        that evaluations read. An animation shows the ``frames``, or the pictures themselves where
        they lead from one to another. The recipe is stored in the file. A .npy has the numbers of
        the ``frames``, float16 (frames, N, H, W, C): x_t, or what ``npy_view`` names.

        Returns:
            The path.

        Raises:
            TypeError: for an option that this kind of file does not take.
            StudioError: if it can't be written, or there are no frames to animate.
        """
        file = Path(path)
        if file.suffix.lower() == NPY:
            given = check_options("save", options, ArrayOptions)
            npy_view = build_request(ArrayOptions, given).npy_view
            finish(save_npy(file, [frame.kept(npy_view) for frame in self._require_frames()]))
            return file
        animated = file.suffix.lower() in export.ANIMATION_SUFFIXES - {".png"}
        request_models = [GridOptions, AnimationOptions, ViewOptions] if animated else [GridOptions]
        given = check_options(
            "save", options, *request_models, leave_out=() if animated else ignored_options(file)
        )
        grid = build_request(GridOptions, options_for(GridOptions, given))
        if grid.columns is None and not animated:
            grid = grid.model_copy(update={"columns": self.columns})
        if not animated:
            finish(save_drawing(file, self.pictures, self.recipe, grid))
            return file
        animation = build_request(AnimationOptions, options_for(AnimationOptions, given))
        view = build_request(ViewOptions, options_for(ViewOptions, given))
        frames = self._animation_frames(view, grid)
        finish(save_frames(file, frames, animation, grid, recipe=self.recipe))
        return file

    def __repr__(self) -> str:
        request = self.recipe.get("request")
        sampler = request.get("sampler") if isinstance(request, dict) else None
        parts = [f"{self._shape_text} ({self.recipe.get('kind')}"]
        parts.append(f", {sampler})" if sampler else ")")
        if self.frames:
            parts.append(f", {format_count(len(self.frames), 'frame')}")
        return f"<Drawing: {''.join(parts)}>"

    def _repr_png_(self) -> bytes | None:
        # With frames, the mime bundle shows the animation instead.
        return None if self.frames else super()._repr_png_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        if not self.frames:
            return {}
        # An animated PNG is shown as any PNG is; GIF has no alpha.
        has_alpha = PictureShape.of(self.pictures).has_alpha
        suffix, mime = (".apng", "image/png") if has_alpha else (".gif", "image/gif")
        with tempfile.TemporaryDirectory(prefix="ddpm-studio-") as folder:
            content = self.save(Path(folder) / f"frames{suffix}").read_bytes()
        return {"text/plain": repr(self), mime: base64.b64encode(content).decode("ascii")}

    def _animation_frames(self, view: ViewOptions, grid: GridOptions) -> Sequence[Pictures]:
        if not self.frames and self.recipe.get("kind") in _ANIMATABLE_KINDS:
            return list(self.pictures)
        return [frame_grid(frame, view, grid) for frame in self._require_frames()]

    def _require_frames(self) -> tuple[FrameImages, ...]:
        if not self.frames:
            raise StudioError(
                "There are no moments to show one after the other.", "Draw with frames=60."
            )
        return self.frames


class Encoded(PictureArray, Latent):
    """Latent x_t of a picture: ``x_t`` is float32 (1, C, H, W), as is ``np.asarray(encoded)``.

    ``run.share(encoded)`` draws pictures from it.
    """

    @property
    def pictures(self) -> Pictures:  # type: ignore[override]
        """x_t with ±1 mapped to the pixel range, uint8 (1, H, W, C)."""
        import torch

        from ddpm_studio.engine.pixels import to_uint8

        pixels: Pictures = to_uint8(torch.from_numpy(self.x_t)).numpy()
        return pixels

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.array(self.x_t, dtype) if copy else np.asarray(self.x_t, dtype)

    def save(self, path: AnyPath) -> Path:
        """Save as a ``.safetensors`` file, which ``run.share`` and the terminal read.

        Returns:
            The path.

        Raises:
            StudioError: if it can't be written.
        """
        save_latent(Path(path), self)
        return Path(path)

    def __repr__(self) -> str:
        return f"<Encoded: x_t of shape {self.x_t.shape} at t = {self.t}, by {self.origin}>"


class Neighbours(PictureArray, NeighboursFound):
    """The training pictures nearest to a picture, nearest first, and their distances."""

    @accepts_options(GridOptions)
    def save(self, path: AnyPath, **options: Any) -> Path:
        """Save as one .png of all of them, or as a .zip or folder with one PNG each.

        Returns:
            The path.

        Raises:
            TypeError: for an unknown option.
            StudioError: if it can't be written.
        """
        file = Path(path)
        given = check_options("save", options, GridOptions, leave_out=ignored_options(file))
        grid = build_request(GridOptions, given)
        finish(save_drawing(file, self.pictures, {"kind": "neighbours"}, grid))
        return file

    def __repr__(self) -> str:
        nearest = ", ".join(f"{distance:.2f}" for distance in self.distances[:3])
        more = ", …" if len(self.distances) > 3 else ""
        return f"<Neighbours: {self._shape_text}; RMSE {nearest}{more} on 0..255>"


class Bits(BitsMeasured):
    """Variational bound of pictures, in bits/dim, with its terms; ``float(bits)`` is the total."""

    def __float__(self) -> float:
        return self.total

    def __repr__(self) -> str:
        error = f" ± {self.standard_error:.4f}" if self.standard_error is not None else ""
        flow = f"; by the flow {self.flow:.4f}" if self.flow is not None else ""
        return (
            f"<Bits: {self.total:.4f}{error} bits/dim of {format_count(self.pictures, 'picture')} "
            f"(L_T {self.prior:.4f}, Σ L_t−1 {self.middle:.4f}, L_0 {self.decoder:.4f}{flow})>"
        )


class Evaluation(EvaluationResult):
    """Evaluation metrics of samples; ``evaluation["frechet"]`` is the value of one, by name."""

    def __getitem__(self, name: str) -> float:
        for figure in self.figures:
            if figure.name == name:
                return figure.value
        raise KeyError(
            f"no {name!r}; there are {', '.join(figure.name for figure in self.figures)}"
        )

    def __repr__(self) -> str:
        values = ", ".join(
            f"{figure.name} {figure.value:.4g}"
            + ("" if figure.floor is None else f" (floor {figure.floor:.4g})")
            for figure in self.figures
        )
        return (
            f"<Evaluation: {values}; {self.samples:,} samples against "
            f"{format_count(self.reference, 'real picture')} in {self.features}>"
        )


def fields_of_event(event: Any) -> dict[str, Any]:
    """Return an event's fields by name, to construct a result class with the same fields."""
    return {field.name: getattr(event, field.name) for field in fields(event)}
