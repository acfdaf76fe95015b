"""Recipe of a picture as text: the settings that are stored in its PNG."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.gui.features.common.counts import step_count
from ddpm_studio.gui.features.common.sampler_titles import sampler_title
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import label, number_label
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_files import label_at
from ddpm_studio.requests import trail_points

_CORNERS = 4
_WIDTH = 208
_SIDE = 136


class RecipeView(QWidget):
    """Preview of one picture, with its recipe in a form below.

    Args:
        studio: provides the class names of the open run.
        parent: the owner.
    """

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setFixedWidth(_WIDTH)
        self.picture = PictureGrid(self.tr("Chosen picture"))
        self.picture.setFixedHeight(_SIDE)
        self.picture.set_empty("image", self.tr("Choose a picture"))
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(SPACE_M)
        self._form.setVerticalSpacing(SPACE_S)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.picture)
        layout.addLayout(self._form)
        layout.addStretch()
        self.rows: dict[str, str] = {}

    def show_picture(self, picture: Pictures, recipe: dict[str, object]) -> None:
        """Show a picture (H, W, C) and its recipe."""
        self.picture.set_pictures(picture[None], recipe=recipe)
        self._show(self._rows_of(picture, recipe))

    def clear(self) -> None:
        """Show nothing."""
        self.picture.set_pictures(None)
        self._show({})

    def _show(self, rows: dict[str, str]) -> None:
        self.rows = rows
        while self._form.rowCount():
            self._form.removeRow(0)
        for title, text in rows.items():
            value = number_label(text)
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._form.addRow(label(title, "caption"), value)

    def _rows_of(self, picture: Pictures, recipe: dict[str, object]) -> dict[str, str]:
        stored_request = recipe.get("request")
        request: dict[str, object] = stored_request if isinstance(stored_request, dict) else {}
        rows: dict[str, str] = {}
        kind, known = str(recipe.get("kind", "")), drawings()
        if kind:
            rows[self.tr("Kind")] = translated(known[kind].help) if kind in known else kind
        if "seed" in request:
            rows[self.tr("Seed")] = str(request["seed"])
        index = recipe.get("index")
        if isinstance(index, int):
            rows[self.tr("Picture")] = f"{index + 1:,}"
        if "t" in request:
            rows["t"] = f"{request['t']}"
        rows |= self._mix_weights(recipe, request)
        if "sampler" in request:
            rows[self.tr("Sampler")] = self._sampler(request)
        if "weights" in request:
            rows[self.tr("Weights")] = self._weights(request)
        class_number = label_at(recipe, index if isinstance(index, int) else 0)
        if class_number is not None:
            rows[self.tr("Class")] = self._class(class_number, request)
        if "run" in request:
            rows[self.tr("Run")] = Path(str(request["run"])).name
        step = recipe.get("checkpoint")
        if isinstance(step, int):
            rows[self.tr("Checkpoint")] = self.tr("step {0}").format(f"{step:,}")
        height, width = picture.shape[:2]
        rows[self.tr("Size")] = size_text(width, height)
        return rows

    def _mix_weights(self, recipe: dict[str, object], request: dict[str, object]) -> dict[str, str]:
        """Return the interpolation weights of a mix: λ between two pictures, u and v for four."""
        index, lambdas = recipe.get("index"), request.get("steps_lambda")
        if not isinstance(index, int) or not isinstance(lambdas, int) or lambdas < 2:
            return {}
        if recipe.get("kind") == "path":
            key_index, step = divmod(index, lambdas - 1)
            template = self.tr("{0} from picture {1} on")
            return {"λ": template.format(f"{step / (lambdas - 1):.3g}", key_index + 1)}
        inputs, u, v = recipe.get("inputs"), request.get("u"), request.get("v")
        if isinstance(trail := request.get("trail"), str):
            points = trail_points(trail)
            u, v = points[min(index, len(points) - 1)]
        elif u is None and isinstance(inputs, dict) and len(inputs) == _CORNERS:
            v, u = (value / (lambdas - 1) for value in divmod(index, lambdas))
        elif u is None:
            u = index / (lambdas - 1)
        names = ("λ",) if v is None else ("u", "v")
        return {name: f"{value:.3g}" for name, value in zip(names, (u, v), strict=False)}

    def _weights(self, request: dict[str, object]) -> str:
        text, length = str(request["weights"]), request.get("ema_length")
        return text if length is None else self.tr("{0}, length {1}").format(text, length)

    def _class(self, number: int, request: dict[str, object]) -> str:
        text, guidance = self._name_of(number, request), request.get("guidance", 1.0)
        if guidance != 1.0:
            text += self.tr(", guidance {0}").format(guidance)
        if request.get("guidance_rescale"):
            text += self.tr(", rescaled {0}").format(request["guidance_rescale"])
        return text

    def _name_of(self, number: int, request: dict[str, object]) -> str:
        """Return the class name if its run is open, else its index."""
        view = self._studio.run_view
        if view is None or Path(str(request.get("run", ""))).resolve() != view.summary.path:
            return str(number)
        names = view.summary.known_classes
        return names[number] if number < len(names) else str(number)

    def _sampler(self, request: dict[str, object]) -> str:
        steps = request.get("steps")
        text = sampler_title(str(request["sampler"]))
        if steps is not None:
            text += f", {step_count(steps) if isinstance(steps, int) else steps}"
        if request.get("respacing"):
            text += f", {request['respacing']}"
        if request.get("eta"):
            text += f", η {request['eta']}"
        return text
