"""Import of models from other programs, in many formats, and export to diffusers."""

from ddpm_studio.interop.export_diffusers import check_destination, save_diffusers
from ddpm_studio.interop.formats.diffusers import is_diffusers_folder, load_diffusers
from ddpm_studio.interop.formats.format import Answers, ModelFormat
from ddpm_studio.interop.formats.openai import OpenAIFlags, from_openai, load_openai
from ddpm_studio.interop.formats.source import Source
from ddpm_studio.interop.model import ForeignModel, ForeignNetwork
from ddpm_studio.interop.recognition import RecognisedModel, UnknownModelError, open_recognised

__all__ = [
    "Answers",
    "ForeignModel",
    "ForeignNetwork",
    "ModelFormat",
    "OpenAIFlags",
    "RecognisedModel",
    "Source",
    "UnknownModelError",
    "check_destination",
    "from_openai",
    "is_diffusers_folder",
    "load_diffusers",
    "load_openai",
    "open_recognised",
    "save_diffusers",
]
