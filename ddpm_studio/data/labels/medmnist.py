"""Class names of MedMNIST's 2-D data sets, whose files hold class numbers alone.

As listed in its paper (Yang et al. 2023, "MedMNIST v2", https://medmnist.com); multi-label sets,
and those whose classes are grades, have no names here.
"""

from __future__ import annotations

import re

from ddpm_studio.data.labels.class_names import ClassNames, parse_class_names

_FILE = re.compile(r"([a-z]+mnist)(?:_\d+)?\.npz")
_ORGANS = (
    *("bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver"),
    *("lung-left", "lung-right", "pancreas", "spleen"),
)
_SETS: dict[str, tuple[str, ...]] = {
    "pathmnist": (
        *("adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle"),
        *("normal colon mucosa", "cancer-associated stroma"),
        "colorectal adenocarcinoma epithelium",
    ),
    "dermamnist": (
        *("actinic keratoses and intraepithelial carcinoma", "basal cell carcinoma"),
        *("benign keratosis-like lesions", "dermatofibroma", "melanoma", "melanocytic nevi"),
        "vascular lesions",
    ),
    "octmnist": ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
    "pneumoniamnist": ("normal", "pneumonia"),
    "breastmnist": ("malignant", "normal, benign"),
    "bloodmnist": (
        *("basophil", "eosinophil", "erythroblast", "immature granulocytes", "lymphocyte"),
        *("monocyte", "neutrophil", "platelet"),
    ),
    **dict.fromkeys(("organamnist", "organcmnist", "organsmnist"), _ORGANS),
}


def medmnist_names(file: str) -> ClassNames | None:
    """Return the class names of a MedMNIST file, by its file name; None if it is none."""
    match = _FILE.fullmatch(file.rpartition("/")[2].casefold())
    names = _SETS.get(match[1]) if match is not None else None
    return parse_class_names(names, "MedMNIST's list") if names is not None else None
