"""Unsupported file types, recognised by signature or suffix, with the remedy for each.

They let a report say "not read here" and how to convert the file, instead of "damaged".
"""

from __future__ import annotations

import re
import struct
import zlib

_CONVERT = "convert it to PNG or TIFF"
_FLOAT = "save it as a float TIFF or .npy"
_HEIC = f"a HEIC picture, not read here: {_CONVERT}"
_NIFTI = "a NIfTI volume, not read here: save its slices as .npy, with nibabel"
_DICOM = "a DICOM picture, not read here: save its pixels as .npy or 16-bit PNG, with pydicom"
_RAW = f"a camera's raw picture, not read here: {_CONVERT}"
_ARROW = "an Arrow file, not read here: save the set as Parquet, with datasets' to_parquet"
_PICKLE = "a Python pickle, which could run a stranger's program: save its arrays as .npz"
_PLAIN_BYTES = (
    "a file of plain numbers that does not say their shape: save them as .npy, numpy.fromfile(…)"
    ".reshape(…)"
)
_VIDEO = "a video, not read here: save its frames as pictures, with ffmpeg"

_MODEL = "a model of another library, no pictures: of models those of PyTorch are imported"

#: Suffixes of camera raw files. Many are TIFFs whose first page is a small preview.
RAW_SUFFIXES = frozenset(
    (
        *(".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".dng", ".orf"),
        *(".rw2", ".raf", ".pef", ".srw", ".x3f", ".3fr", ".iiq", ".erf", ".kdc", ".mrw"),
    )
)
#: Type of file and remedy, by suffix.
_BY_SUFFIX = {
    ".heic": _HEIC,
    ".heif": _HEIC,
    ".nii": _NIFTI,
    **dict.fromkeys(
        (".mgh", ".mgz"),
        "a volume of FreeSurfer, not read here: save its slices as .npy, with nibabel",
    ),
    ".dcm": _DICOM,
    ".dicom": _DICOM,
    ".mha": "a MetaImage volume, not read here: save its slices as .npy, with SimpleITK",
    ".nrrd": "an NRRD volume, not read here: save its slices as .npy, with pynrrd",
    ".czi": f"a microscope's file, not read here: {_CONVERT}",
    ".nd2": f"a microscope's file, not read here: {_CONVERT}",
    ".lif": f"a microscope's file, not read here: {_CONVERT}",
    ".svs": "a whole-slide picture, not read here: save tiles of it, with OpenSlide",
    ".ndpi": "a whole-slide picture, not read here: save tiles of it, with OpenSlide",
    ".exr": "an OpenEXR picture, not read here: save it as a float TIFF or .npy",
    ".hdr": "a Radiance picture, not read here: save it as a float TIFF or .npy",
    ".psd": f"a Photoshop file, not read here: {_CONVERT}",
    ".svg": f"a vector drawing, not read here: {_CONVERT}",
    ".pdf": f"a PDF, not read here: {_CONVERT}",
    ".eps": f"a PostScript drawing, not read here: {_CONVERT}",
    **dict.fromkeys(RAW_SUFFIXES, _RAW),
    ".fits": "a FITS picture, not read here: save its data as .npy, with astropy",
    ".mp4": _VIDEO,
    ".mov": _VIDEO,
    ".avi": _VIDEO,
    ".mkv": _VIDEO,
    ".webm": _VIDEO,
    ".mat": (
        "a MATLAB file, not read here: save its arrays as .npz, with scipy.io.loadmat, or of "
        "version 7.3 with h5py"
    ),
    ".tfrecord": "TensorFlow records, not read here: save their pictures as files or .npz",
    ".tfrecords": "TensorFlow records, not read here: save their pictures as files or .npz",
    **dict.fromkeys((".arrow", ".feather", ".ipc"), _ARROW),
    **dict.fromkeys((".raw", ".dat", ".yuv"), _PLAIN_BYTES),
    **dict.fromkeys((".url", ".lnk", ".webloc"), "a shortcut: choose what it leads to"),
    **dict.fromkeys((".joblib", ".pkl", ".pickle", ".p"), _PICKLE),
    ".beton": "a file of FFCV, not read here: save its pictures as files",
    ".rec": "records of MXNet, not read here: save their pictures as files",
    ".db": "a database, not read here: save its pictures as files",
    ".sqlite": "a database, not read here: save its pictures as files",
    ".mdb": "an LMDB database, not read here: save its pictures as files",
    ".lmdb": "an LMDB database, not read here: save its pictures as files",
    ".zarr": "a Zarr array, not read here: save it as .npy",
    ".safetensors": "a file of weights or tensors: save pictures as .npy; models are imported",
    **dict.fromkeys(
        (".onnx", ".keras", ".tflite", ".gguf", ".msgpack", ".pb", ".mlmodel", ".engine"), _MODEL
    ),
    ".ckpt": "a checkpoint of a model, no pictures: import it",
    ".7z": "a 7-Zip archive, not read here: unpack it and choose the folder",
    ".rar": "a RAR archive, not read here: unpack it and choose the folder",
    **dict.fromkeys(
        (".zip", ".tar", ".tgz"),
        "an archive within an archive, not read here: unpack the outer one and choose the folder",
    ),
    **dict.fromkeys((".gz", ".bz2", ".xz"), "packed by gzip or the like, not read here: unpack it"),
    ".zst": "packed by Zstandard, not read here: unpack it",
    ".jxl": f"a JPEG XL picture, not read here: {_CONVERT}",
    **dict.fromkeys((".ico", ".icns", ".cur"), f"an icon, not read here: {_CONVERT}"),
    **dict.fromkeys((".pfm", ".pam"), f"a picture of Netpbm's rare kinds, not read here: {_FLOAT}"),
    **dict.fromkeys(
        (
            *(
                ".pcx",
                ".dds",
                ".sgi",
                ".rgb",
                ".bw",
                ".ras",
                ".sun",
                ".qoi",
                ".xbm",
                ".xpm",
                ".xcf",
            ),
            *(
                ".kra",
                ".wmf",
                ".emf",
                ".ai",
                ".jxr",
                ".wdp",
                ".hdp",
                ".flif",
                ".bpg",
                ".blp",
                ".msp",
            ),
            *(".im", ".spi", ".palm", ".fli", ".flc", ".iff", ".ilbm", ".pict", ".jbig2", ".djvu"),
        ),
        f"a picture of a kind that is not read here: {_CONVERT}",
    ),
    **dict.fromkeys(
        (".mrc", ".vti", ".vtk", ".mhd", ".img", ".oib", ".oif", ".vsi", ".mrxs"),
        "a volume or a microscope's file, not read here: save its slices as .npy or TIFF",
    ),
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "a spreadsheet, not read here: save it as CSV"),
}
_BY_SIGNATURE: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftypheic", _HEIC),
    (4, b"ftypheix", _HEIC),
    (4, b"ftypheim", _HEIC),
    (4, b"ftypheis", _HEIC),
    (4, b"ftyphevm", _HEIC),
    (4, b"ftyphevs", _HEIC),
    (4, b"ftyphevc", _HEIC),
    (4, b"ftypmif1", _HEIC),
    (4, b"ftypmsf1", _HEIC),
    (4, b"ftypcrx ", _RAW),
    (4, b"ftyp", _VIDEO),
    (128, b"DICM", _DICOM),
    (344, b"n+1\0", _NIFTI),
    (0, b"v/1\x01", _BY_SUFFIX[".exr"]),
    (0, b"#?RADIANCE", _BY_SUFFIX[".hdr"]),
    (0, b"8BPS", _BY_SUFFIX[".psd"]),
    (0, b"%PDF", _BY_SUFFIX[".pdf"]),
    (0, b"SIMPLE  =", _BY_SUFFIX[".fits"]),
    (0, b"\x1a\x45\xdf\xa3", _VIDEO),
    (0, b"MATLAB 5.0", _BY_SUFFIX[".mat"]),
    (0, b"7z\xbc\xaf\x27\x1c", _BY_SUFFIX[".7z"]),
    (0, b"Rar!", _BY_SUFFIX[".rar"]),
    (0, b"\x28\xb5\x2f\xfd", _BY_SUFFIX[".zst"]),
    (0, b"\xff\x0a", _BY_SUFFIX[".jxl"]),
    (0, b"\0\0\0\x0cJXL ", _BY_SUFFIX[".jxl"]),
    (0, b"\x89HDF\r\n", "an HDF5 file under another name: give it the ending .h5"),
    (0, b"PAR1", "a Parquet file under another name: give it the ending .parquet"),
    (0, b"\x93NUMPY", "a NumPy array under another name: give it the ending .npy"),
    (0, b"SQLite format 3", "a database, not read here: save its pictures as files"),
    (0, b"\x28\0\0\0", f"a bitmap without its file's header, not read here: {_CONVERT}"),
    (0, b"ARROW1\0\0", _ARROW),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"IIRO", _RAW),
    (0, b"IIU\0", _RAW),
    (0, b"PF\n", _BY_SUFFIX[".pfm"]),
    (0, b"Pf\n", _BY_SUFFIX[".pfm"]),
    (0, b"P7\n", _BY_SUFFIX[".pam"]),
    (0, b"\x80\x04\x95", _PICKLE),
    (0, b"\x80\x05\x95", _PICKLE),
    (0, b"\x80\x03c", _PICKLE),
    (0, b"\x80\x03}", _PICKLE),
    (0, b"\x80\x02c", _PICKLE),
    (0, b"\x80\x02}", _PICKLE),
    (0, b"<svg", _BY_SUFFIX[".svg"]),
)
_TABLE = (
    "a table, and no pictures: choose the folder of the pictures that it names; numbers of pixels "
    "are read as .npy, which numpy.save writes of what numpy.loadtxt reads"
)
# Reported only if a source has no picture at all: next to pictures such files are normal.
_BY_SUFFIX_ALONE = {
    **dict.fromkeys((".csv", ".tsv"), _TABLE),
    ".html": "a web page, and no pictures: download the files that it shows",
}
_XCODE_PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI",
    "a PNG as Xcode packs it for iPhones, not read here: undo that, with pngcrush "
    "-revert-iphone-optimizations",
)
# Number of decompressed bytes to examine; the signature of NIfTI is at offset 344.
_HEAD_BYTES, _NOT_READ = 512, "not read here"
_MARKER = 0xFF
_USUAL_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
_RARE_FRAMES = {
    **dict.fromkeys((0xC3, 0xC7, 0xCB, 0xCF), "lossless"),
    **dict.fromkeys((0xC5, 0xC6), "in steps of size"),
    **dict.fromkeys((0xC9, 0xCA, 0xCD, 0xCE), "arithmetic"),
    0xF7: "JPEG-LS",
}
_SHARD = re.compile(r"-\d+-of-\d+$")
_TGA_TYPES = {1: True, 2: False, 3: False, 9: True, 10: False, 11: False}


def unsupported_type(head: bytes) -> str | None:
    """Return type and remedy of an unsupported file by its signature; None if unknown."""
    return next(
        (
            description
            for offset, signature, description in _BY_SIGNATURE
            if head.startswith(signature, offset)
        ),
        None,
    )


def unsupported_gzip(head: bytes) -> str | None:
    """Return type and remedy of an unsupported file compressed with gzip; None if unknown."""
    if not head.startswith(b"\x1f\x8b"):
        return None
    try:
        start = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
    except zlib.error:
        return None
    description = unsupported_type(start)
    return description if description is not None and _NOT_READ in description else None


def unsupported_variant(data: bytes) -> str | None:
    """Return type and remedy of a PNG or JPEG of a rare kind that can't be decoded, or None."""
    if data.startswith(_XCODE_PNG[0]):
        return _XCODE_PNG[1]
    return _rare_jpeg(data) if data.startswith(b"\xff\xd8") else None


def _rare_jpeg(data: bytes) -> str | None:
    """Check the frame marker and the sample precision of a JPEG (ITU-T T.81, B.2.2)."""
    offset = 2
    while offset + 5 <= len(data) and data[offset] == _MARKER:
        marker, bits = data[offset + 1], data[offset + 4]
        if marker in _RARE_FRAMES:
            variant = _RARE_FRAMES[marker]
            return f"a JPEG packed in a rare way ({variant}), not read here: {_CONVERT}"
        if marker in _USUAL_FRAMES and bits != 8:
            return f"a JPEG of {bits} bits a sample, not read here: {_CONVERT}"
        if marker in _USUAL_FRAMES:
            return None
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    return None


def without_shard_number(suffix: str) -> str:
    """Return a suffix without TensorFlow's shard number: ".tfrecord-0-of-9" → ".tfrecord"."""
    return _SHARD.sub("", suffix)


def unsupported_suffix(suffix: str) -> str | None:
    """Return type and remedy of an unsupported file by its suffix; None if unknown."""
    return _BY_SUFFIX.get(suffix)


def unsupported_source(suffix: str) -> str | None:
    """Return type and remedy by suffix for a source without pictures, tables and HTML included."""
    return unsupported_suffix(suffix) or _BY_SUFFIX_ALONE.get(suffix)


def looks_like_tga(data: bytes) -> bool:
    """Whether the header of a file is plausible for TGA, a format without a file signature."""
    if len(data) < 18:
        return False
    _, table_type, kind, first_entry, entry_count, entry_bits = struct.unpack_from("<BBBHHB", data)
    width, height, bits, flags = struct.unpack_from("<HHBB", data, 12)
    if kind not in _TGA_TYPES or not width or not height or flags & 0xC0:
        return False
    has_table = table_type == 1 and entry_count > 0 and entry_bits in (15, 16, 24, 32)
    has_no_table = table_type == 0 and not (first_entry or entry_count or entry_bits)
    is_complete = len(data) >= 18 + width * height * bits // 8 or kind > 8
    return (
        (has_table if _TGA_TYPES[kind] else has_no_table)
        and bits in (8, 16, 24, 32)
        and is_complete
    )
