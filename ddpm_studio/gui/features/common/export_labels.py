"""Labels and tool tips of an export menu, for one picture or all, and for a named view."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def export_labels(all_pictures: bool, view: str) -> dict[str, tuple[str, str]]:
    """Return text and tool tip of each kind of export that depends on the selection.

    Args:
        all_pictures: whether the export applies to all pictures, as a grid.
        view: symbol of the view that the pictures show, such as x̂₀; empty: there is only one view.

    Returns:
        (text, tool tip) by kind of export: ``copy``, ``save_png`` and ``save_grid``.
    """
    if all_pictures:
        copy, png = _tr("Copy all pictures"), _tr("Save all as PNG…")
        copy_view, png_view = _tr("Copy all {view}"), _tr("Save all {view} as PNG…")
        copy_tip = _tr("Copy all as a grid; choose one to copy it alone")
        png_tip = _tr("Export all as a grid in one PNG; choose one to save it alone")
    else:
        copy, png = _tr("Copy picture"), _tr("Save PNG…")
        copy_view, png_view = _tr("Copy {view}"), _tr("Save {view} as PNG…")
        copy_tip = _tr("Copy the current picture")
        png_tip = _tr("Export the current picture; it remembers how it was made")
    grid, grid_tip = _tr("Save grid…"), _tr("Export all pictures shown, in one PNG")
    if view:
        copy, png = copy_view.format(view=view), png_view.format(view=view)
        grid = _tr("Save grid of {view}…").format(view=view)
    return {"copy": (copy, copy_tip), "save_png": (png, png_tip), "save_grid": (grid, grid_tip)}


def _tr(text: str) -> str:
    return QCoreApplication.translate("ExportMenu", text)
