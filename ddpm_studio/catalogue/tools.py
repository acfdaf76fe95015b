"""The tools of the window, what they draw, and what they draw it from.

A tool is one description: its tab, its place in menus and in the palette, the kinds of its drawings
in gallery and recipes, how a drawing is begun and drawn again are all made from it. Its command of
the terminal bears the drawing's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ddpm_studio.engine.tables.entry import Entry, Table, UnknownNameError, check_place, imported

_REQUESTS = "ddpm_studio.requests"
_DRAWING = "ddpm_studio.jobs.drawing"
_FEATURES = "ddpm_studio.gui.features"


@dataclass(frozen=True)
class Input:
    """What a drawing begins with besides noise; its recipe carries it.

    Args:
        name: in recipes, and as a keyword argument of the drawing.
        form: "picture" is uint8 (H, W, C), "mask" bool (H, W), "latent" a
            :class:`~ddpm_studio.jobs.events.Latent`.
        key: its name in recipes, where that is another.
        needed: whether nothing can be drawn without it.
        at_least: how many there must be of what there may be several of, a sequence; recipes
            number them, and there is no other input. 0: there is one.
    """

    name: str
    form: Literal["picture", "mask", "latent"] = "picture"
    key: str = ""
    needed: bool = True
    at_least: int = 0

    def keys(self, given: int) -> tuple[str, ...]:
        """Return the names in a recipe that carries so many."""
        if self.at_least:
            return tuple(str(number) for number in range(max(self.at_least, given)))
        return (self.key or self.name,)


@dataclass(frozen=True, eq=False)
class DrawingInfo(Entry):
    """A kind of drawing.

    Its code is a generator function of the request, with its inputs and ``models``, a
    :class:`~ddpm_studio.jobs.drawing.models.ModelStore`, as keyword arguments. It yields events and
    returns a :class:`~ddpm_studio.jobs.events.Drawn`, whose recipe is that of
    :func:`ddpm_studio.jobs.drawing.drawing.recipe`. The gallery lists such pictures by ``title``,
    and ``help`` says there how one was made.

    Args:
        request: its class, a :class:`~ddpm_studio.requests.DrawRequest`, "package.module:Class".
        doing: what is told while it is under way; ``{t}`` is a field of the request, ``{ends}`` the
            number of an input that there are several of.
        inputs: what it begins with besides noise.
        sampler: what its sampler is called, where the request has none to choose.
        python: its call of a :class:`ddpm_studio.Run`, with the inputs by name in braces, and
            ``{options}`` for what the request says; empty: it has none.
    """

    request: str = field(kw_only=True)
    doing: str = field(kw_only=True)
    inputs: tuple[Input, ...] = field(default=(), kw_only=True)
    sampler: str = field(default="", kw_only=True)
    python: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_place(self.name, self.request)

    def request_class(self) -> Any:
        """Import the class of the request and return it; raises as :meth:`load`."""
        return imported(self.request)


@dataclass(frozen=True)
class Offer:
    """What the menu of any picture offers.

    Args:
        name: where the picture is sent, the first argument of ``Studio.send_picture``.
        title: what the menu says.
    """

    name: str
    title: str


@dataclass(frozen=True, eq=False)
class ToolInfo(Entry):
    """A tab of the window.

    Its code is a panel, a ``QWidget`` made of (studio, actions); that of a tool that draws is a
    ``ToolPanel``. The ids of its actions begin with its name and a full stop.

    Args:
        menu: of its actions; ``&`` stands before the letter that opens it.
        icon: a name of ``resources/icons``.
        keywords: other words to find it by.
        drawings: the kinds of what it draws.
        offers: what it does with a picture from elsewhere.
    """

    menu: str = field(kw_only=True)
    icon: str = field(kw_only=True)
    keywords: str = field(default="", kw_only=True)
    drawings: tuple[DrawingInfo, ...] = field(default=(), kw_only=True)
    offers: tuple[Offer, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for given, kind in ((self.drawings, DrawingInfo), (self.offers, Offer)):
            if not all(isinstance(one, kind) for one in given):
                raise TypeError(f"{given!r} of {self.name} must be of the class {kind.__name__}")


class _Tools(Table[ToolInfo]):
    """Tools, of which no two draw the same kind."""

    def add(self, entry: ToolInfo) -> None:
        """Add a tool of another package; ValueError if its name, or that of a drawing, is taken."""
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
                f"{_DRAWING}.interpolation:walk_path",
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
        "a painted part of a picture, drawn anew",
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
        "what was drawn with all runs",
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
        "runs beside each other",
        f"{_FEATURES}.observatory.observatory_panel:ObservatoryPanel",
        menu="&Observatory",
        icon="chart-line",
    ),
)

TOOLS = _Tools("tool", ToolInfo, _OWN)


def drawings() -> dict[str, DrawingInfo]:
    """Return the kinds of drawings by name, in the order in which people see them."""
    return {drawing.name: drawing for tool in TOOLS.values() for drawing in tool.drawings}


def tool_of(kind: str) -> ToolInfo:
    """Return the tool that draws a kind.

    Raises:
        UnknownNameError: none does.
    """
    for tool in TOOLS.values():
        if any(drawing.name == kind for drawing in tool.drawings):
            return tool
    raise UnknownNameError("drawing", kind, drawings())


def drawing_of(request: object) -> DrawingInfo:
    """Return the kind of drawing that a request asks for.

    Raises:
        TypeError: if it asks for none.
    """
    for drawing in drawings().values():
        if drawing.request_class() is type(request):
            return drawing
    raise TypeError(f"no tool draws {type(request).__name__}")
