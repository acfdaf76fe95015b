"""Fuzz targets for labels: tables, object annotations, class names and file names."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from contextlib import ExitStack
from pathlib import Path

from ddpm_studio.requests import PrepareOptions
from tests.hostile import seeds

_KINDS = ("cat", "dog")
_PICTURES = range(4)
#: File names in the code pages of several languages.
_PAGES = {
    "cp932": "犬の写真/レトリバー.png\n猫/ペルシャ.png",
    "gb18030": "图片/小猫.png\n图片/小狗.png",
    "euc_kr": "강아지/진돗개사진.png\n고양이/페르시안.png",
    "big5": "圖片/貓咪.png\n圖片/狗狗.png",
    "cp437": "Vögel/Größe.png\nÄpfel/Süß.png",
    "cp866": "Кошки/белая.png\nСобаки/чёрная.png",
    "utf-8": "кошки/ж.png\nabc/z.png",
}


def _classes(place: Path) -> object:
    from ddpm_studio.data.collecting import collect
    from ddpm_studio.data.labels.selection import choose_labels

    options = PrepareOptions()
    with ExitStack() as stack:
        found = collect([place], stack, options)
        return choose_labels(found.items, found.sources, found.own, options, found.class_names)


def _beside(place: Path, name: str, content: bytes) -> object:
    (place / name).write_bytes(content)
    try:
        return _classes(place)
    finally:
        (place / name).unlink()


def _numbered(place: Path) -> Path:
    """Make a folder of pictures named by numbers, unless it exists; return it."""
    if not place.exists():
        place.mkdir()
        for number in _PICTURES:
            (place / f"{number}.png").write_bytes(seeds.picture())
    return place


def read_tables(folder: Path, content: bytes) -> object:
    """Read a table of labels next to pictures; its first character says of which kind."""
    from ddpm_studio.data import prepare
    from ddpm_studio.engine.generators import finish

    place = _numbered(folder / "labelled")
    first = content[:1]
    names = {b"{": "dataset.json", b"4": "attributes.txt", b"f": "metadata.csv"}
    names |= {b"s": "labels.csv", b"n": "labels.txt"}
    name = names.get(first, "0.json")
    name = "metadata.jsonl" if content.startswith(b'{"file_name') else name
    (place / name).write_bytes(content)
    try:
        return finish(prepare([place], PrepareOptions(), cache=folder / "cache"))
    finally:
        (place / name).unlink()
        shutil.rmtree(folder / "cache", ignore_errors=True)


def table_seeds() -> list[bytes]:
    """Return valid label files: tables, JSON lines, a manifest, a sidecar of one picture."""
    texts = [seeds.TABLE, seeds.LINES, seeds.CELEBA, seeds.MANIFEST, ' {"label": "a"}']
    parts = [f"C:\\x\\{n}.png;a b;{('train', 'valid')[n % 2]}\n" for n in _PICTURES]
    texts.append("sep=;\nfile;label;split\n" + "".join(parts))
    texts.append("name\tclass\n" + "".join(f"x/{n}.png\ta b\n" for n in _PICTURES))
    return [text.encode() for text in texts]


def read_objects(folder: Path, content: bytes) -> object:
    """Read object annotations next to pictures; their first character says in which format."""
    place = _numbered(folder / "marked")
    name = {b"{": "a.json", b"[": "a.json", b"<": "0.xml"}.get(content[:1], "0.txt")
    return _beside(place, name, content)


def object_seeds() -> list[bytes]:
    """Return valid annotations in the formats of COCO, labelme, Create ML, Pascal VOC and YOLO."""
    marks = [
        {"id": n, "image_id": n, "category_id": n % 2, "bbox": [0, 1, 2.5, 4], "area": 9}
        for n in _PICTURES
    ]
    coco = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in _PICTURES],
        "categories": [{"id": n, "name": name} for n, name in enumerate(_KINDS)],
        "annotations": [*marks, {"image_id": 0, "category_id": 1, "bbox": [1, 1, 2, 2]}],
    }
    outline = {"label": "cat", "points": [[0, 0], [2, 0], [2, 2.5]]}
    labelme = {"shapes": [outline, outline | {"label": "dog"}], "imagePath": "0.png"}
    sides = {"x": 1, "y": 1, "width": 2, "height": 2.5}
    create_ml = [
        {"image": f"{n}.png", "annotations": [{"label": "cat", "coordinates": sides}]}
        for n in _PICTURES
    ]
    box = "".join(f"<{edge}>{n}</{edge}>" for n, edge in enumerate(("xmin", "ymin", "xmax")))
    marked = f"<object><name> cat </name><bndbox>{box}<ymax> 9.5 </ymax></bndbox></object>"
    voc = f"<annotation><filename>0.png</filename>{marked}{marked}</annotation>"
    yolo = "0 0.5 0.5 0.25 .25\n1 0.1 0.1 0.9 0.1 0.9 0.9 1e-1 0.9\n"
    return [
        *(json.dumps(one).encode() for one in (coco, labelme, create_ml)),
        voc.encode(),
        yolo.encode(),
    ]


def read_class_names(folder: Path, content: bytes) -> object:
    """Read a list or a table of class names next to numbered class folders."""
    place = folder / "numbered"
    if not place.exists():
        for number in _PICTURES:
            (place / str(number)).mkdir(parents=True)
            (place / str(number) / "a.png").write_bytes(seeds.picture())
    kinds = {b"{": "class_to_idx.json", b"[": "classes.json", b"n": "data.yaml", b"C": "labels.csv"}
    name = kinds.get(content[:1], "classes.txt")
    return _beside(place, name, content)


def class_name_seeds() -> list[bytes]:
    """Return valid class names as lists and tables, in several layouts."""
    names = ("cat", "dog", "cow", "hen")
    tables: list[object] = [
        {name: n for n, name in enumerate(names)},
        {str(n): [f"n0000000{n}", name] for n, name in enumerate(names)},
        {"names": {str(n): name for n, name in enumerate(names)}},
        list(names),
    ]
    texts = [
        "\n".join(names),
        "ClassId,Name\n" + "".join(f"{n},{name}\n" for n, name in enumerate(names)),
        "".join(f"{n}: {name}\n" for n, name in enumerate(names)),
        "".join(f"{name} {n}\n" for n, name in enumerate(names)),
        f"names: [{', '.join(names)}]\nnc: 4\n",
        "nc: 4\nnames:\n" + "".join(f"  {n}: '{name}'\n" for n, name in enumerate(names)),
    ]
    return [*(json.dumps(one).encode() for one in tables), *(text.encode() for text in texts)]


def read_file_names(folder: Path, content: bytes) -> object:
    """Read a tar archive of small pictures whose names are the lines of ``content``."""
    path = folder / "named.tar"
    picture = seeds.picture()
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for line in content.split(b"\n")[:8]:
            info = tarfile.TarInfo(line.decode("utf-8", "surrogateescape").replace("\0", "0"))
            info.size = len(picture)
            archive.addfile(info, io.BytesIO(picture))
    return _classes(path)


def file_name_seeds() -> list[bytes]:
    """Return file names encoded in each code page."""
    return [text.encode(page) for page, text in _PAGES.items()]
