"""Import of models from other programs, in many formats, and export to diffusers."""

from ddpm_studio.interop.export_diffusers import refuse_taken, save_diffusers
from ddpm_studio.interop.formats.diffusers import is_diffusers_folder, load_diffusers
from ddpm_studio.interop.formats.format import Answers, ModelFormat
from ddpm_studio.interop.formats.openai import OpenAIFlags, from_openai, load_openai
from ddpm_studio.interop.formats.source import Source
from ddpm_studio.interop.model import ForeignModel, ForeignNetwork
from ddpm_studio.interop.recognition import Recognised, UnknownModelError, recognised

__all__ = [
    "Answers",
    "ForeignModel",
    "ForeignNetwork",
    "ModelFormat",
    "OpenAIFlags",
    "Recognised",
    "Source",
    "UnknownModelError",
    "from_openai",
    "is_diffusers_folder",
    "load_diffusers",
    "load_openai",
    "recognised",
    "refuse_taken",
    "save_diffusers",
]
