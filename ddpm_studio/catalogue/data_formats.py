"""Data formats: every kind of file that pictures are read from, other than picture files.

A reader is a function of some of the dropped files and of a
``ddpm_studio.data.formats.reading.Reading``; it returns a ``ReadResult``: the pictures, not yet
decoded, and the names of the files that it used, or None if they are of another kind after all. The
reader of an archive is a function of its path and of an ExitStack, and returns the files in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables import Entry, Table

_PACKAGE = "ddpm_studio.data.formats"
# Files next to arrays that may hold the names of classes.
_NAMES = (
    *("classes.txt", "classes.json", "class_names.*", "label_names.*", "class_to_idx.json"),
    *("labels.txt", "labels.json"),
)


@dataclass(frozen=True, eq=False)
class DataFormatInfo(Entry):
    """A file format that holds pictures.

    Args:
        suffixes: file suffixes in lower case, with their dots; "" means no suffix. Files with
            others are never passed to the reader.
        archive: it holds files, which are then read by their own formats.
        extra: (module, extra): a required module, such as "h5py", which the reader's module
            imports, and the extra of this package that installs it.
        beside: name patterns of companion files, to look for next to a file that is dropped alone.
        is_zip: its files are zip files too, but no archives of pictures.
        by_content: a lone file of any name is passed to the reader, which examines its content.
        first: how far version 0.1.0 read it: "", "alone" (dropped by itself) or "anywhere".
    """

    suffixes: tuple[str, ...] = field(kw_only=True)
    archive: bool = field(default=False, kw_only=True)
    extra: tuple[str, str] | None = field(default=None, kw_only=True)
    beside: tuple[str, ...] = field(default=(), kw_only=True)
    is_zip: bool = field(default=False, kw_only=True)
    by_content: bool = field(default=False, kw_only=True)
    first: str = field(default="", kw_only=True)


DATA_FORMATS = Table(
    "data format",
    DataFormatInfo,
    (
        DataFormatInfo(
            "idx",
            "IDX",
            "MNIST and its kin, with their labels, also gzipped",
            f"{_PACKAGE}.idx:read_idx",
            suffixes=("", ".gz", ".idx3-ubyte", ".idx1-ubyte", ".ubyte"),
            by_content=True,
            first="anywhere",
        ),
        DataFormatInfo(
            "cifar",
            "CIFAR-10 and CIFAR-100",
            "as they are published, for Python or binary",
            f"{_PACKAGE}.cifar:read_cifar",
            suffixes=("", ".bin", ".meta", ".txt", ".html"),
            beside=("batches.meta*", "meta", "*_label_names.txt"),
        ),
        DataFormatInfo(
            "stl10",
            "STL-10",
            "as it is published, binary",
            f"{_PACKAGE}.stl10:read_stl10",
            suffixes=(".bin", ".txt"),
            beside=("*_y.bin", "class_names.txt", "fold_indices.txt"),
        ),
        DataFormatInfo(
            "npy",
            "NumPy array",
            "one array, or a folder of them",
            f"{_PACKAGE}.npy:read_npy",
            suffixes=(".npy",),
            first="alone",
            beside=_NAMES,
        ),
        DataFormatInfo(
            "npz",
            "NumPy archive",
            "arrays under names, such as MedMNIST's and ImageNet32's",
            f"{_PACKAGE}.npz:read_npz",
            suffixes=(".npz",),
            is_zip=True,
            first="alone",
            beside=_NAMES,
        ),
        DataFormatInfo(
            "torch",
            "torch tensors",
            "what torch.save wrote of tensors, alone or in dicts, lists and tuples",
            f"{_PACKAGE}.torch_tensors:read_torch",
            suffixes=(".pt", ".pth"),
            is_zip=True,
            beside=_NAMES,
        ),
        DataFormatInfo(
            "hdf5",
            "HDF5",
            "datasets under names",
            f"{_PACKAGE}.hdf5:read_hdf5",
            suffixes=(".h5", ".hdf5", ".hdf"),
            extra=("h5py", "hdf5"),
            beside=_NAMES,
        ),
        DataFormatInfo(
            "parquet",
            "Parquet",
            "tables of pictures, such as those of the Hugging Face Hub",
            f"{_PACKAGE}.parquet:read_parquet",
            suffixes=(".parquet",),
            extra=("pyarrow", "parquet"),
        ),
        DataFormatInfo(
            "zip",
            "zip archive",
            "of pictures or of other kinds",
            f"{_PACKAGE}.archives:zip_files",
            suffixes=(".zip",),
            archive=True,
            first="anywhere",
        ),
        DataFormatInfo(
            "tar",
            "tar archive",
            "also compressed, and as WebDataset's shards",
            f"{_PACKAGE}.archives:tar_files",
            suffixes=(".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
            archive=True,
            first="anywhere",
        ),
    ),
)
