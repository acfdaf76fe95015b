"""Make the emoji sample: Google's emoji at 32 x 32 pixels, in one zip, a folder a category.

Input is the npm package ``emoji-datasource-google`` as ``npm pack`` leaves it::

    npm pack emoji-datasource-google@16.0.0
    python packaging/make_emoji_sample.py emoji-datasource-google-16.0.0.tgz

The same input under the same Pillow gives the same bytes.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = 32
DEFAULT_OUT = Path(__file__).resolve().parent.parent / "resources/data/emoji/emoji-32.zip"
_IMAGES = "package/img/google/64/"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

Rgba = npt.NDArray[np.uint8]


def halve(rgba: Rgba) -> Rgba:
    """Downsample a picture by 2: the mean of each 2 x 2 block, weighted by alpha.

    Args:
        rgba: uint8 (2H, 2W, 4), alpha not premultiplied.

    Returns:
        uint8 (H, W, 4). Where alpha is 0, the colour is 0 too.
    """
    height, width = rgba.shape[0] // 2, rgba.shape[1] // 2
    blocks = rgba.astype(np.float64).reshape(height, 2, width, 2, 4)
    alpha = blocks[..., 3:]
    weight = alpha.sum(axis=(1, 3))
    # Weighting by alpha is averaging in premultiplied form: the hidden colours of
    # transparent pixels must not bleed into the rim.
    colour = (blocks[..., :3] * alpha).sum(axis=(1, 3)) / np.maximum(weight, 1.0)
    reduced: Rgba = np.rint(np.concatenate([colour, weight / 4.0], axis=-1)).astype(np.uint8)
    reduced[reduced[..., 3] == 0] = 0
    return reduced


def read_emoji(tarball: Path) -> dict[str, Rgba]:
    """Read the package's pictures, downsampled, by their name in the zip.

    Skin-tone variants and the skin-tone swatches are left out. Of identical pictures in a
    category (Norway's flag is that of three territories), the one with the shortest name is kept.

    Returns:
        ``{"Category-name/short_name.png": uint8 (32, 32, 4)}``, sorted by name.
    """
    files: dict[str, bytes] = {}
    # One pass in the archive's order: seeking in a gzip stream is slow.
    with tarfile.open(tarball, "r|gz") as archive:
        for member in archive:
            wanted = member.name == "package/emoji.json" or member.name.startswith(_IMAGES)
            handle = archive.extractfile(member) if wanted else None
            if handle is not None:
                files[member.name] = handle.read()

    entries = [
        entry
        for entry in json.loads(files["package/emoji.json"])
        if entry["has_img_google"] and entry["category"] != "Component"
    ]
    entries.sort(key=lambda entry: (len(entry["short_name"]), entry["short_name"]))
    pictures: dict[str, Rgba] = {}
    seen: set[tuple[str, bytes]] = set()
    for entry in entries:
        with Image.open(io.BytesIO(files[_IMAGES + entry["image"]])) as image:
            reduced = halve(np.asarray(image.convert("RGBA")))
        if reduced.shape != (SIZE, SIZE, 4):
            raise ValueError(f"{entry['image']} is not {2 * SIZE} x {2 * SIZE} pixels")
        folder = entry["category"].replace("&", "and").replace(" ", "-")
        key = (folder, reduced.tobytes())
        if key not in seen:
            seen.add(key)
            pictures[f"{folder}/{entry['short_name']}.png"] = reduced
    return dict(sorted(pictures.items()))


def write_zip(pictures: dict[str, Rgba], out: Path) -> None:
    """Write the pictures as PNG into the zip ``out``, with fixed dates and permissions."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, pixels in pictures.items():
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.create_system = 3  # Unix everywhere, or the bytes would differ on Windows
            info.external_attr = 0o100644 << 16
            archive.writestr(info, buffer.getvalue())


def main() -> None:
    """Read the command line and write the zip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tarball", type=Path, help="emoji-datasource-google-VERSION.tgz")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    args = parser.parse_args()
    pictures = read_emoji(args.tarball)
    write_zip(pictures, args.out)
    print(f"{len(pictures)} pictures, {args.out.stat().st_size:,} bytes: {args.out}")


if __name__ == "__main__":
    main()
