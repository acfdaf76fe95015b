"""Reserved names of a catalogue entry's options: the other fields of its requests."""

from __future__ import annotations

import ddpm_studio.requests
from ddpm_studio.catalogue.fields import one_of, options_from
from ddpm_studio.requests.base import Request


def request_with_field(kind: str, option: str) -> str | None:
    """Return a request that takes options of this kind of entry and has a field of the same name.

    A field that stands for the option itself, as ``eta`` does for samplers, doesn't count.

    Args:
        kind: the table's kind, such as "sampler".
        option: the name of the option.

    Returns:
        The name of the request's class; None if the name is free.
    """
    for name in dir(ddpm_studio.requests):
        model: object = getattr(ddpm_studio.requests, name)
        if not (isinstance(model, type) and issubclass(model, Request)):
            continue
        fields = model.model_fields
        entry_fields = {options_from(field) for field in fields.values()}
        for field_name in entry_fields & fields.keys():
            marker = one_of(fields[field_name])
            if marker is not None and marker.table.kind == kind and option in fields:
                extra = fields[option].json_schema_extra
                if not isinstance(extra, dict) or extra.get("option_of") != field_name:
                    return name
    return None
