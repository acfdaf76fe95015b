"""Orientation: pictures turned upright by the number, 1 to 8, in their EXIF data or TIFF fields."""

from __future__ import annotations

from PIL import ExifTags, Image, ImageFile

from ddpm_studio.data.items import Pixels

_TRANSPOSE_BY_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAX_EXIF_BYTES = 1 << 20
_EXIF_KEYS = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")


def orientation_of(image: ImageFile.ImageFile) -> int:
    """Return the orientation, 1..8, that the EXIF data of an opened image says; 1 is upright."""
    metadata = [image.info[key] for key in _EXIF_KEYS if key in image.info]
    if not metadata or any(len(entry) > _MAX_EXIF_BYTES for entry in metadata):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a picture is not worse for a broken note about the camera
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def orient_image(image: Image.Image, orientation: int) -> Image.Image:
    """Return an image turned upright by its orientation, 1..8."""
    transpose = _TRANSPOSE_BY_ORIENTATION.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def orient_array(pixels: Pixels, orientation: int) -> Pixels:
    """Return pixels (H, W, C) turned upright by their orientation, 1..8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    return pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
