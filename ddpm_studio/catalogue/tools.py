"""Catalogue of the window's tools (tabs), their kinds of drawings, and the inputs of those.

A tool is one description, from which its tab, its menus and palette entries, the kinds of its
drawings in gallery and recipes, and how a drawing is made and repeated are derived. The terminal's
command for a drawing has the drawing's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ddpm_studio.engine.tables.entry import (
    Entry,
    Table,
    UnknownNameError,
    check_reference,
    import_object,
)

_REQUESTS = "ddpm_studio.requests"
_DRAWING = "ddpm_studio.jobs.drawing"
_FEATURES = "ddpm_studio.gui.features"


@dataclass(frozen=True)
class Input:
    """An input of a drawing other than noise, which is stored in its recipe.

    Args:
        name: its name in recipes, and as a keyword argument of the drawing.
        form: "picture" is uint8 (H, W, C), "mask" bool (H, W), "latent" a
            :class:`~ddpm_studio.jobs.events.Latent`.
        key: its name in recipes, if different.
        needed: whether it is required.
        at_least: minimum length, if the input is a sequence; its items are numbered in recipes,
            and it must be the only input. 0: not a sequence.
    """

    name: str
    form: Literal["picture", "mask", "latent"] = "picture"
    key: str = ""
    needed: bool = True
    at_least: int = 0

    def keys(self, given: int) -> tuple[str, ...]:
        """Return the keys of the input in a recipe with ``given`` items."""
        if self.at_least:
            return tuple(str(number) for number in range(max(self.at_least, given)))
        return (self.key or self.name,)


@dataclass(frozen=True, eq=False)
class DrawingInfo(Entry):
    """Description of a kind of drawing.

    Its code is a generator function of the request, with its inputs and ``models``, a
    :class:`~ddpm_studio.jobs.drawing.models.ModelStore`, as keyword arguments. It yields events and
    returns a :class:`~ddpm_studio.jobs.events.DrawingResult`, whose recipe is made by
    :func:`ddpm_studio.jobs.drawing.drawing.recipe`. The gallery lists such pictures by ``title``,
    and shows ``help`` as how one was made.

    Args:
        request: class of its request, a :class:`~ddpm_studio.requests.DrawRequest`, as
            "package.module:Class".
        doing: text shown while it runs; ``{t}`` is a field of the request, ``{ends}`` the length
            of an input that is a sequence.
        inputs: its inputs other than noise.
        sampler: name of its sampler, if the request has no choice of samplers.
        python: its call of a :class:`ddpm_studio.Run`, with the inputs by name in braces, and
            ``{options}`` for the fields of the request; empty: none.
    """

    request: str = field(kw_only=True)
    doing: str = field(kw_only=True)
    inputs: tuple[Input, ...] = field(default=(), kw_only=True)
    sampler: str = field(default="", kw_only=True)
    python: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_reference(self.name, self.request)

    def request_class(self) -> Any:
        """Import the class of the request and return it; raises as :meth:`load` does."""
        return import_object(self.request)


@dataclass(frozen=True)
class Offer:
    """An item in the context menu of pictures, which sends a picture to a tool.

    Args:
        name: target of the picture, the first argument of ``Studio.send_picture``.
        title: text of the menu item.
    """

    name: str
    title: str


@dataclass(frozen=True, eq=False)
class ToolInfo(Entry):
    """Description of a tool, a tab of the window.

    Its code is a panel, a ``QWidget`` constructed with (studio, actions), and a ``ToolPanel`` if
    the tool draws. The ids of its actions begin with its name and a full stop.

    Args:
        menu: title of the menu of its actions, with ``&`` before the mnemonic.
        icon: name of an icon in ``resources/icons``.
        keywords: further search words.
        drawings: its kinds of drawings.
        offers: items in the context menu of pictures elsewhere.
    """

    menu: str = field(kw_only=True)
    icon: str = field(kw_only=True)
    keywords: str = field(default="", kw_only=True)
    drawings: tuple[DrawingInfo, ...] = field(default=(), kw_only=True)
    offers: tuple[Offer, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for given, kind in ((self.drawings, DrawingInfo), (self.offers, Offer)):
            if not all(isinstance(item, kind) for item in given):
                raise TypeError(f"{given!r} of {self.name} must be of the class {kind.__name__}")


class _Tools(Table[ToolInfo]):
    """Table of tools, in which each kind of drawing is unique."""

    def add(self, entry: ToolInfo) -> None:
        """Add a plug-in's tool; ValueError if its name, or that of a drawing, is taken."""
        known = {drawing.name for tool in self._entries.values() for drawing in tool.drawings}
        for drawing in entry.drawings:
            if drawing.name in known:
                raise ValueError(f"there is a drawing {drawing.name!r} already")
        super().add(entry)


_OWN = (
    ToolInfo(
        "reverse",
        "Reverse process",
        "from noise to picture, moment by moment",
        f"{_FEATURES}.reverse.reverse_panel:ReversePanel",
        menu="&Reverse process",
        icon="film",
        drawings=(
            DrawingInfo(
                "sample",
                "Samples",
                "drawn from noise",
                f"{_DRAWING}.sampling:sample",
                request=f"{_REQUESTS}:SampleRequest",
                doing="Sampling {count}",
                python="sample({options})",
            ),
        ),
    ),
    ToolInfo(
        "share",
        "Share latents",
        "many pictures from one latent",
        f"{_FEATURES}.share.share_panel:SharePanel",
        menu="&Share",
        icon="share-2",
        drawings=(
            DrawingInfo(
                "share",
                "Shared",
                "from a shared latent",
                f"{_DRAWING}.sharing:share",
                request=f"{_REQUESTS}:ShareRequest",
                doing="Sharing at t = {t}",
                python="share({picture}, latent={latent}, {options})",
                inputs=(
                    Input("picture", key="source", needed=False),
                    Input("latent", "latent", needed=False),
                ),
            ),
        ),
        offers=(Offer("share", "Share from here"),),
    ),
    ToolInfo(
        "interpolate",
        "Interpolate",
        "from picture to picture through latent space",
        f"{_FEATURES}.interpolate.interpolate_panel:InterpolatePanel",
        menu="&Interpolate",
        icon="blend",
        drawings=(
            DrawingInfo(
                "interpolate",
                "Interpolated",
                "between pictures",
                f"{_DRAWING}.interpolation:interpolate",
                request=f"{_REQUESTS}:InterpolateRequest",
                doing="Interpolating at t = {t}",
                python="interpolate(*{ends}, {options})",
                inputs=(Input("ends", at_least=2),),
            ),
            DrawingInfo(
                "path",
                "Paths",
                "on a path through pictures",
                f"{_DRAWING}.interpolation:interpolate_path",
                request=f"{_REQUESTS}:PathRequest",
                doing="Walking through {keys} pictures",
                python="walk({keys}, {options})",
                inputs=(Input("keys", at_least=2),),
            ),
        ),
        offers=(
            Offer("interpolate_a", "Interpolate from here (A)"),
            Offer("interpolate_b", "Interpolate to here (B)"),
        ),
    ),
    ToolInfo(
        "inpaint",
        "Fill in",
        "a painted part of a picture, filled in by the model",
        f"{_FEATURES}.inpaint.inpaint_panel:InpaintPanel",
        menu="&Fill in",
        icon="brush",
        drawings=(
            DrawingInfo(
                "inpaint",
                "Filled in",
                "a part filled in",
                f"{_DRAWING}.inpainting:inpaint",
                request=f"{_REQUESTS}:InpaintRequest",
                doing="Filling in",
                python="inpaint({picture}, {mask}, {options})",
                inputs=(Input("picture"), Input("mask", "mask")),
                sampler="RePaint",
            ),
        ),
        offers=(Offer("inpaint", "Fill in a part…"),),
    ),
    ToolInfo(
        "bits",
        "Bits",
        "bits/dim of pictures, and what each step costs",
        f"{_FEATURES}.bits.bits_panel:BitsPanel",
        menu="&Bits",
        icon="chart-column",
    ),
    ToolInfo(
        "gallery",
        "Gallery",
        "pictures drawn with all runs",
        f"{_FEATURES}.gallery.gallery_panel:GalleryPanel",
        menu="&Gallery",
        icon="images",
        keywords="zoom stars rating",
    ),
    ToolInfo(
        "learn",
        "Learn",
        "diffusion explained, and a playground in the plane",
        f"{_FEATURES}.learn.learn_panel:LearnPanel",
        menu="&Learn",
        icon="graduation-cap",
    ),
    ToolInfo(
        "observatory",
        "Observatory",
        "training curves, and runs side by side",
        f"{_FEATURES}.observatory.observatory_panel:ObservatoryPanel",
        menu="&Observatory",
        icon="chart-line",
    ),
)

TOOLS = _Tools("tool", ToolInfo, _OWN)


def drawings() -> dict[str, DrawingInfo]:
    """Return the kinds of drawings by name, in display order."""
    return {drawing.name: drawing for tool in TOOLS.values() for drawing in tool.drawings}


def tool_of(kind: str) -> ToolInfo:
    """Return the tool with a kind of drawing.

    Raises:
        UnknownNameError: if there is none.
    """
    for tool in TOOLS.values():
        if any(drawing.name == kind for drawing in tool.drawings):
            return tool
    raise UnknownNameError("drawing", kind, drawings())


def drawing_of(request: object) -> DrawingInfo:
    """Return the kind of drawing of a request.

    Raises:
        TypeError: if there is none of the request's type.
    """
    for drawing in drawings().values():
        if drawing.request_class() is type(request):
            return drawing
    raise TypeError(f"no tool draws {type(request).__name__}")
