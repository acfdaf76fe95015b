"""Command-line options generated from request models: each field is described once, there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, Optional, TypeVar, get_args, get_origin, get_type_hints

import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ddpm_studio.catalogue import PRESETS
from ddpm_studio.catalogue.fields import OneOf, choices_of, entry_options, one_of, option_name
from ddpm_studio.data.samples import resolve_data_path
from ddpm_studio.jobs.command_lines import read_pairs
from ddpm_studio.jobs.request_building import OptionError, build_request
from ddpm_studio.runs.ready import resolve_run

ModelT = TypeVar("ModelT", bound=BaseModel)
Given = dict[str, object]

# The field that takes a class's name or number, where the request has the number.
_CLASS = "class_label"

_METAVARS: dict[Any, str] = {int: "N", float: "X", str: "TEXT"}

# More choices than this are listed by name only, without their help.
_MAX_EXPLAINED_CHOICES = 7

# Upper limits from here on are not shown in help; the model still enforces them.
_MAX_SHOWN_LIMIT = 1_000_000


def _parse_run(given: Path | None) -> Path | None:
    return None if given is None else resolve_run(given)


def _parse_data(given: list[Path] | None) -> list[Path]:
    return [resolve_data_path(path) for path in given or ()]


#: Argument for a run, by its folder or as ``ready:NAME``; ``Run`` is the common case of it.
run_argument: Any = partial(typer.Argument, metavar="RUN", callback=_parse_run, show_default=False)
Run = Annotated[Path, run_argument(help="A run folder, or ready:NAME.")]
run_option: Any = partial(typer.Option, metavar="RUN", callback=_parse_run, show_default=False)
#: Argument for pictures, by path or as ``sample:NAME``.
data_argument: Any = partial(
    typer.Argument, metavar="DATA", callback=_parse_data, show_default=False
)

Devices = Annotated[
    str | None,
    typer.Option(
        "--devices",
        metavar="0,1,…",
        help="Devices that share the pictures, a process each: numbers of GPUs such as 0,1,2,3; "
        "all for every GPU; or cpu,cpu. The result is what one would make.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for machines.")]


def with_options(
    *models: type[BaseModel], skip: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator that gives a command an option for each field of the models.

    The command takes its own parameters and ``**given``: the options that were named, as
    text or numbers, without those left out. :func:`request_from_options` makes a model of them.

    Args:
        models: request models, without field names in common.
        skip: fields that the command provides in another way.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        own_parameters = [
            parameter.replace(annotation=hints[name])
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is not parameter.VAR_KEYWORD
        ]
        generated = [
            _option(name, field, model)
            for model in models
            for name, field in model.model_fields.items()
            if name not in skip
        ]

        def command(**values: Any) -> None:
            function(**{k: v for k, v in values.items() if k in hints or v is not None})

        parameters = [*own_parameters, *generated]
        command.__doc__ = function.__doc__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        return command

    return decorate


def request_from_options(
    model: type[ModelT], values: Mapping[str, object], **more: object
) -> ModelT:
    """Build a request from those of the given options that are its fields.

    Args:
        model: the request model.
        values: options by name.
        more: further fields.

    Raises:
        typer.BadParameter: for an option whose value is out of range or has no effect; names it.
        StudioError: if the run doesn't have the class that is named.
    """
    fields = {name: value for name, value in values.items() if name in model.model_fields}
    for name, value in fields.items():
        if get_origin(model.model_fields[name].annotation) is dict:
            fields[name] = _parse_pairs(name, value)
    with usage_errors():
        return build_request(model, fields, option_name, **more)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Context manager that converts an :class:`OptionError` to the parser's usage error.

    Raises:
        typer.BadParameter: in place of an :class:`OptionError`.
    """
    try:
        yield
    except OptionError as error:
        # The parser says "Invalid value for …: " before it.
        hint = f"'{option_name(error.option)}'"
        raise typer.BadParameter(error.problem, param_hint=hint) from error


def _option(name: str, field: FieldInfo, model: type[BaseModel]) -> inspect.Parameter:
    alternatives = get_args(field.annotation)
    optional = NoneType in alternatives
    kind = next(k for k in alternatives if k is not NoneType) if optional else field.annotation
    marker = one_of(field)
    if name == _CLASS or marker is not None or _metavar_of(field):
        # The model parses the text.
        kind = str
    elif get_origin(kind) is dict:
        kind = list[str]
    flag = option_name(name)
    option = typer.Option(
        f"{flag}/{option_name('no_' + name)}" if kind is bool else flag,
        parser=_entry_parser(marker) if marker else None,
        autocompletion=_completer(marker) if marker else None,
        help=_help(name, field, kind, model),
        # The model's default applies; None here means that the option was not named.
        show_default=False,
        metavar=_metavar_of(field) or _metavar(name, field, kind),
        rich_help_panel=_title(model),
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Optional[kind], option],  # noqa: UP045
    )


def _parse_pairs(name: str, texts: Any) -> dict[str, str]:
    """Parse NAME=X pairs, separated by commas or given as repeated options."""
    try:
        return {key: value for text in texts for key, value in read_pairs(str(text))}
    except ValueError as error:
        raise typer.BadParameter(
            f"{str(error)!r} is no NAME=X.", param_hint=f"'{option_name(name)}'"
        ) from error


def _entry_parser(marker: OneOf) -> Callable[[str], str]:
    """Return a parser of an entry's name, which lists the entries only for an invalid one."""

    def read(name: str) -> str:
        if not marker.allows(name):
            names = ", ".join(repr(entry.name) for entry in marker.entries())
            raise typer.BadParameter(f"{name!r} is not one of {names}.")
        return name

    return read


def _completer(marker: OneOf) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [entry.name for entry in marker.entries() if entry.name.startswith(incomplete)]

    return complete


def _title(model: type[BaseModel]) -> str:
    """Return the section title for a model's options: its docstring's first line, up to " ("."""
    return (model.__doc__ or model.__name__).split("\n")[0].split(" (")[0].rstrip(".")


def _metavar_of(field: FieldInfo) -> str | None:
    """Return the metavar of a field that is given as text, if it has one."""
    extra = field.json_schema_extra
    metavar = extra.get("metavar") if isinstance(extra, dict) else None
    return metavar if isinstance(metavar, str) else None


def _metavar(name: str, field: FieldInfo, kind: Any) -> str | None:
    if name == _CLASS:
        return "CLASS"
    if kind == list[str]:
        return "NAME=X"
    is_choice = one_of(field) is not None or get_origin(kind) is Literal
    return "NAME" if is_choice else _METAVARS.get(kind)


def _options_of(name: str, model: type[BaseModel]) -> str:
    """Describe the options of catalogue entries that have no field of their own."""
    return " ".join(
        f"{entry.name}: {option.name}, {option.low:g} to {option.high:g}, {option.help}"
        for entry, option in entry_options(model, name)
    )


def _choices(field: FieldInfo) -> str:
    """Describe the choices of a field, each with its help if they are few."""
    choices = choices_of(field)
    # Choices that are not catalogue entries are explained in the field's description.
    if one_of(field) is None or len(choices) > _MAX_EXPLAINED_CHOICES:
        return f"One of {', '.join(choice.value for choice in choices)}." if choices else ""
    return f"{'; '.join(f'{choice.value}: {choice.help}' for choice in choices)}."


def _help(name: str, field: FieldInfo, kind: Any, model: type[BaseModel]) -> str:
    """Return an option's help: its description, choices, limits and default."""
    parts = (field.description or field.title, _choices(field), _options_of(name, model))
    texts = [part for part in parts if part]
    if kind is not str:
        texts.extend(f"{_capitalize(limit)}." for limit in [_limits(field)] if limit)
    if kind == list[str]:
        texts.append(r"Several: NAME=X,NAME=X; \, for a comma in a name.")
    elif field.is_required():
        texts.append("Needed.")
    elif field.default is not None:
        texts.append(f"Default: {_default(name, field, model)}.")
    # In a form a field is left empty; on a command line it is left out.
    return " ".join(texts).replace("empty:", "left out:").replace("Empty:", "Left out:")


def _default(name: str, field: FieldInfo, model: type[BaseModel]) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if "by_preset" in extra:
        preset = PRESETS[model.model_fields["preset"].default]
        value = preset.recipe.get(name, field.default)
        return f"as suits the network, {_default_text(value)} for {preset.name}"
    fitting = extra.get("terminal_default") or extra.get("fitting_default")
    return str(fitting or _default_text(field.default))


def _default_text(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)


def _limits(field: FieldInfo) -> str:
    minimum, maximum = _limit(field, Ge, "ge"), _limit(field, Le, "le")
    above, below = _limit(field, Gt, "gt"), _limit(field, Lt, "lt")
    if maximum is not None and maximum >= _MAX_SHOWN_LIMIT:
        maximum = None
    if minimum is not None and maximum is not None:
        return f"{minimum} to {maximum}"
    bounds = (("at least", minimum), ("above", above), ("at most", maximum), ("below", below))
    return ", ".join(f"{prefix} {bound}" for prefix, bound in bounds if bound is not None)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _limit(field: FieldInfo, marker: type, attribute: str) -> Any:
    return next((getattr(m, attribute) for m in field.metadata if isinstance(m, marker)), None)
