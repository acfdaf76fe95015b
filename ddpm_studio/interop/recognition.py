"""Format detection of models: the known format of a file or folder, or why it is not one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ddpm_studio.catalogue.model_formats import MODEL_FORMATS, ModelFormatInfo
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.interop.formats.format import Answers, ModelFormat
from ddpm_studio.interop.formats.source import Source, find_state_dict, hub_name, open_source
from ddpm_studio.interop.model import ForeignModel
from ddpm_studio.interop.unknown_folders import JOIN_REMEDY, unsupported_folder_error
from ddpm_studio.paths import MISSING, why_unreachable
from ddpm_studio.pickles.reader import Unknown
from ddpm_studio.pickles.torch_zip import NOT_A_TORCH_FILE

_T = TypeVar("_T")


class UnknownModelError(StudioError):
    """Raised for a file or folder that is intact but of no known model format."""


_MAX_LISTED = 6
_OPTIMIZER = {"state", "param_groups"}
_DIFFUSERS_WEIGHT = "time_embedding.linear_1.weight"
_SHARDED = (
    "is a part of a checkpoint that is spread over several files (torch.distributed)",
    JOIN_REMEDY,
)
# Unsupported file types by suffix: the predicate of a sentence, and the remedy.
_UNSUPPORTED = {
    ".onnx": ("is a network of ONNX, which has no weights to train on", "Choose its checkpoint."),
    ".h5": ("is a file of HDF5, as Keras writes", "Only models of PyTorch can be read."),
    ".keras": ("is a model of Keras", "Only models of PyTorch can be read."),
    ".msgpack": ("is a checkpoint of Flax", "Only models of PyTorch can be read."),
    ".pb": ("is a graph of TensorFlow", "Only models of PyTorch can be read."),
    ".tflite": ("is a model of TensorFlow Lite", "Only models of PyTorch can be read."),
    ".mlmodel": ("is a model of Core ML", "Only models of PyTorch can be read."),
    ".npz": (
        "is an archive of NumPy arrays, as JAX's programs write weights",
        "Only models of PyTorch can be read.",
    ),
    ".distcp": _SHARDED,
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp"),
        ("is a picture, and no model", "Choose a checkpoint."),
    ),
    **dict.fromkeys(
        (".yaml", ".yml", ".json"),
        ("holds settings, and no weights", "Choose the checkpoint beside it."),
    ),
    **dict.fromkeys(
        (".pkl", ".pickle", ".p", ".joblib"),
        (
            "is a Python pickle of no kind that is known here, which is not run",
            "Save its weights alone: torch.save(model.state_dict(), 'ckpt.pt').",
        ),
    ),
    ".gguf": ("is a model of llama.cpp's format", "Only models of PyTorch can be read."),
    ".zip": ("is an archive", "Unpack it, and choose what was in it."),
    ".tar": ("is an archive", "Unpack it, and choose what was in it."),
    ".gz": ("is packed", "Unpack it, and choose what was in it."),
}
_TENSORFLOW = (".index", ".meta")


@dataclass(frozen=True)
class RecognisedModel:
    """An open file or folder whose model format has been recognised.

    Args:
        info: the format.
        defaults: the settings that the files do not contain, as fields of
            :class:`ddpm_studio.requests.ImportRequest`, with their usual values; None where there
            is no usual value.
    """

    info: ModelFormatInfo
    defaults: Answers
    _source: Source
    _format: ModelFormat

    def read(self, answers: Answers) -> ForeignModel:
        """Read the model.

        Args:
            answers: values for all fields in ``defaults``.

        Raises:
            StudioError: if the model can't be read.
        """
        return _with_format_errors(
            self._source, self.info, lambda: self._format.read(self._source, answers)
        )


@contextmanager
def open_recognised(path: Path, format_name: str | None = None) -> Iterator[RecognisedModel]:
    """Context manager that opens a file or folder and detects its model format.

    Args:
        path: the file or folder.
        format_name: the name of the format, to skip detection.

    Raises:
        StudioError: if the path is missing or damaged, or of an unknown or unsupported format.
    """
    _require_reachable(path)
    with ExitStack() as stack:
        try:
            source = stack.enter_context(open_source(path))
        except (OSError, ValueError) as error:
            raise StudioError(f"{path} can't be read: {error}.", "Choose another file.") from error
        found = _format_of(source, format_name)
        if found is None:
            raise _unknown_model_error(source)
        info, model_format = found
        defaults = _with_format_errors(source, info, lambda: model_format.questions(source))
        yield RecognisedModel(info, defaults, source, model_format)


def _format_of(
    source: Source, format_name: str | None
) -> tuple[ModelFormatInfo, ModelFormat] | None:
    infos = MODEL_FORMATS.values() if format_name is None else [MODEL_FORMATS[format_name]]
    for info in infos:
        model_format: ModelFormat = info.load()()
        if format_name is not None or model_format.recognises(source):
            return info, model_format
    return None


def _with_format_errors(source: Source, info: ModelFormatInfo, action: Callable[[], _T]) -> _T:
    """Call ``action`` and turn its errors into a StudioError that names the format."""
    try:
        return action()
    except (ValueError, OSError) as error:
        raise StudioError(
            f"{source.path} can't be read as a model of {info.title}: "
            f"{printable(str(error), 300)}.",
            "Choose another file, or give the options that its model card lists.",
        ) from error


def _require_reachable(path: Path) -> None:
    """Raise a StudioError if the path is missing or unreachable; nothing is downloaded."""
    reason = why_unreachable(path)
    if reason is None:
        return
    if reason != MISSING:
        raise StudioError(f"{path} {reason}.", "Check the path.")
    name = hub_name(path)
    if not name:
        raise StudioError(f"There is no file or folder {path}.", "Check the path.")
    raise StudioError(
        f"There is no folder {path} here. {name} may be a name on the Hugging Face Hub, from "
        "which nothing is fetched.",
        f"Download it, such as by: hf download {name} --local-dir {name.split('/')[-1]}. Then "
        "import that folder.",
    )


def _unknown_model_error(source: Source) -> StudioError:
    """Return the error for a source of no known format, which says what it is if possible."""
    path = source.path
    known = ", ".join(info.help for info in MODEL_FORMATS.values() if "refused" not in info.help)
    remedy = f"What can be read: {known}."
    if source.is_folder:
        return _unknown_folder(path, remedy)
    if source.problem == NOT_A_TORCH_FILE and path.suffix.lower() not in _UNSUPPORTED:
        return UnknownModelError(
            f"{path} is an archive, and no file of torch.save.",
            "Unpack it, and choose what was in it.",
        )
    if source.problem not in ("", NOT_A_TORCH_FILE):
        return StudioError(
            f"{path} begins as a checkpoint and can't be read as one: {source.problem}.",
            "Download or copy it again.",
        )
    if _is_tensorflow(path):
        return UnknownModelError(
            f"{path} is part of a checkpoint of TensorFlow, as Ho's own code writes.",
            "Convert it as pesser/pytorch_diffusion does, and import the result.",
        )
    if path.suffix.lower() in _UNSUPPORTED:
        description, remedy = _UNSUPPORTED[path.suffix.lower()]
        return UnknownModelError(f"{path} {description}.", remedy)
    if source.tree is None:
        return UnknownModelError(f"{path} is no checkpoint of a kind that is known here.", remedy)
    return _unknown_tree(source, remedy)


def _unknown_folder(path: Path, remedy: str) -> StudioError:
    if (path / "run.json").is_file():
        return UnknownModelError(
            f"{path} is a run of DDPM Studio already.", "Open it, or sample from it, as it is."
        )
    if (error := unsupported_folder_error(path)) is not None:
        return UnknownModelError(error.cause, error.remedy)
    return UnknownModelError(
        f"{path} is not a diffusers model, nor of another kind that is known here.", remedy
    )


def _unknown_tree(source: Source, remedy: str) -> StudioError:
    items: Mapping[object, object] = source.items
    if items.keys() >= _OPTIMIZER:
        return UnknownModelError(
            f"{source.path} is the state of an optimiser, and no model.",
            "Choose the file of the model beside it.",
        )
    weight_names = [*find_state_dict(source)]
    if any(name.endswith(_DIFFUSERS_WEIGHT) for name in weight_names):
        return UnknownModelError(
            f"{source.path} holds weights of diffusers without their config.json.",
            "Choose the folder that both are in, or download config.json beside it; or load them "
            "into their UNet2DModel, save that by save_pretrained and import the folder.",
        )
    if any(".lora_" in name for name in weight_names):
        return UnknownModelError(
            f"{source.path} is a LoRA, which changes another model and is none by itself.",
            "Merge it into its model with its own program.",
        )
    if isinstance(source.tree, Unknown):
        return UnknownModelError(
            f"{source.path} is whole, and of no layout that is known here: it is no table of "
            f"weights but a pickled {printable(source.tree.name[1], 60)}, whose program is not "
            "run.",
            "Save its weights alone: torch.save(model.state_dict(), 'ckpt.pt').",
        )
    if source.tree == {}:
        return UnknownModelError(f"{source.path} holds nothing.", "Save it again.")
    names = [printable(str(name), 40) for name in list(items)[:_MAX_LISTED]]
    more = f" and {len(items) - len(names):,} more" if len(items) > len(names) else ""
    content = f"it holds {', '.join(names)}{more}" if names else "it is no table"
    return UnknownModelError(
        f"{source.path} is whole, and of no layout that is known here: {content}.", remedy
    )


def _is_tensorflow(path: Path) -> bool:
    return path.suffix in _TENSORFLOW or ".ckpt-" in path.name or ".data-0" in path.name
