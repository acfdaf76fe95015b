"""Names of the classes of MedMNIST's sets of flat pictures, whose files hold numbers alone.

As its paper lists them (Yang et al. 2023, "MedMNIST v2", https://medmnist.com); sets of which a
picture is of several classes, or whose classes are grades, have no names here.
"""

from __future__ import annotations

import re

from ddpm_studio.data.labels.class_names import ClassNames, class_names_of

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
    """Return what the classes of a file of MedMNIST are called, by its name; None: it is none."""
    match = _FILE.fullmatch(file.rpartition("/")[2].casefold())
    names = _SETS.get(match[1]) if match is not None else None
    return class_names_of(names, "MedMNIST's list") if names is not None else None
