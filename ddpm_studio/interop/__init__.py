"""Models of other programs: diffusers in and out, OpenAI's in."""

from ddpm_studio.interop.openai import OpenAIFlags, OpenAIModel, from_openai, load_openai
from ddpm_studio.interop.reading import DiffusersModel, is_diffusers_folder, load_diffusers
from ddpm_studio.interop.writing import save_diffusers

__all__ = [
    "DiffusersModel",
    "OpenAIFlags",
    "OpenAIModel",
    "from_openai",
    "is_diffusers_folder",
    "load_diffusers",
    "load_openai",
    "save_diffusers",
]
