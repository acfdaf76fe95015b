"""Keyword options made from request models: their signature, help and validation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel
from pydantic.fields import FieldInfo

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
ModelT = TypeVar("ModelT", bound=BaseModel)

# Fields that the called object fills in itself.
_IMPLICIT_FIELDS = {"run"}


def accepts_options(*models: type[BaseModel]) -> Callable[[FunctionT], FunctionT]:
    """Give a function with ``**options`` the signature and the help of the models' fields.

    Completion and ``help`` then list them with their defaults; calling it is unchanged.

    Args:
        models: request models whose fields are the options, without names in common.
    """

    def decorate(function: FunctionT) -> FunctionT:
        own_parameters = [
            parameter
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind is not parameter.VAR_KEYWORD
        ]
        own_names = {parameter.name for parameter in own_parameters}
        fields = {
            name: field for name, field in option_fields(*models).items() if name not in own_names
        }
        options = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.is_required() else field.default,
                annotation=field.annotation,
            )
            for name, field in fields.items()
        ]
        function.__signature__ = inspect.Signature([*own_parameters, *options])  # type: ignore[attr-defined]
        lines = "".join(f"    {name}: {_field_help(field)}\n" for name, field in fields.items())
        document = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = f"{document}\n\nOptions:\n{lines}"
        return function

    return decorate


def option_fields(*models: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of request models that may be given as options, by name."""
    return {
        name: field
        for model in models
        for name, field in model.model_fields.items()
        if name not in _IMPLICIT_FIELDS
    }


def check_options(
    function: str,
    options: Mapping[str, object],
    *models: type[BaseModel],
    leave_out: Collection[str] = (),
) -> dict[str, object]:
    """Return the options, checked for unknown names; NumPy scalars become Python numbers.

    Args:
        function: name of the called function, for the error message.
        options: the options given, by name.
        models: request models whose fields are valid options.
        leave_out: fields that are not options here.

    Raises:
        TypeError: for an unknown name, as for any wrong keyword; lists the valid ones.
    """
    valid = [name for name in option_fields(*models) if name not in leave_out]
    for name in options:
        if name not in valid:
            raise TypeError(
                f"{function}() got an unexpected keyword argument {name!r}; "
                f"it takes {', '.join(valid) or 'none'}"
            )
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in options.items()
    }


def options_for(model: type[BaseModel], options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that are fields of this model."""
    return {name: value for name, value in options.items() if name in model.model_fields}


def _field_help(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    fitting = extra.get("fitting_default") if isinstance(extra, dict) else None
    default = "" if field.default is None else f" Default: {fitting or repr(field.default)}."
    if field.is_required():
        default = " Needed."
    text = f"{field.description or field.title}{default}"
    return text.replace("empty:", "None:").replace("Empty:", "None:")
