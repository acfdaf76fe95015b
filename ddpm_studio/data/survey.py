"""Survey of a set: the headers, content hashes and rejects found in the first pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ddpm_studio.data.decoding.decoding import Header
from ddpm_studio.data.decoding.unsupported import unsupported_source
from ddpm_studio.data.decoding.verdicts import OUT_OF_RANGE, RANGE_REQUIRED
from ddpm_studio.data.items import Item
from ddpm_studio.data.report import Reject, reject_summary
from ddpm_studio.errors import StudioError
from ddpm_studio.placeholders import placeholder_remedy

#: Length in bytes of the hash of a picture's content.
DIGEST_BYTES = 20


@dataclass
class Survey:
    """All pictures with a valid header, the rejects so far, and counts of other files by kind.

    ``digests`` are the hashes of their contents, :data:`DIGEST_BYTES` each, concatenated to save
    memory: there may be a million.
    """

    items: list[Item] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    rejects: list[Reject] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    _headers: dict[Header, Header] = field(default_factory=dict)

    def add(self, item: Item, header: Header, digest: bytes) -> None:
        """Add one picture; equal headers are stored once."""
        self.items.append(item)
        self.headers.append(self._headers.setdefault(header, header))
        self.digests += digest

    def digest(self, number: int) -> bytes:
        """Return the content hash of a picture, by its index."""
        return bytes(self.digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES])

    def sizes(self) -> Counter[tuple[int, int]]:
        """Count the pictures by (width, height)."""
        return Counter(header.size for header in self.headers)


def no_usable_pictures_error(
    title: str, rejects: tuple[Reject, ...], others: Counter[str] | None = None
) -> StudioError:
    """Return the error for a set without a single usable picture."""
    details = "\n".join(f"{reject.name}: {reject.reason}" for reject in rejects[:1000])
    if len(rejects) == 1 and rejects[0].name == title:
        if remedy := placeholder_remedy(rejects[0].kind):
            return StudioError(f"{title} is {rejects[0].kind}.", remedy, details)
        remedy = _range_remedy(rejects[0]) or (
            "Choose another, or a copy that other programs can open."
        )
        return StudioError(f"{title} {rejects[0].sentence}.", remedy, details)
    if rejects:
        reason = reject_summary(rejects, details=True)
        remedy = "Choose pictures that other programs can open."
        if all(reject.kind.endswith(" channels") for reject in rejects):
            remedy = "Choose other channels: bands are as many as the arrays have."
        if len({reject.kind for reject in rejects}) == 1:
            remedy = placeholder_remedy(rejects[0].kind) or _range_remedy(rejects[0]) or remedy
            if rejects[0].kind == OUT_OF_RANGE:
                # The detail differs between pictures, so the first one is shown.
                reason = f"{rejects[0].name} {rejects[0].sentence}"
        return StudioError(f"No picture in {title} can be used: {reason}.", remedy, details)
    count = sum(others.values()) if others else 0
    if count == 0:
        return StudioError(f"{title} is empty.", "Choose a folder or an archive with pictures.")
    files = "1 file, and it is not a picture" if count == 1 else f"{count:,} files, none of them a"
    assert others is not None
    for kind, kind_count in others.most_common():
        suffix, _, description = kind.partition(": ")
        description = description or unsupported_source(suffix) or ""
        if description:
            subject = title if count == 1 else f"{title} holds no pictures: what is {suffix} in it"
            share = "" if count == 1 else f" ({kind_count:,} of {count:,} files)"
            reason, _, remedy = description.partition(": ")
            return StudioError(
                f"{subject}{share} is {reason}.", f"{remedy[:1].upper()}{remedy[1:]}."
            )
    return StudioError(
        f"No pictures in {title}: {files}{'' if count == 1 else ' picture'}.",
        "Choose pictures such as PNG or JPEG, an archive of them, or arrays (.npy, .npz, HDF5, "
        "Parquet, torch, IDX).",
    )


def _range_remedy(reject: Reject) -> str:
    """Return the remedy for a picture that needs a range; empty if it needs none."""
    if reject.kind == OUT_OF_RANGE and reject.reason.endswith(RANGE_REQUIRED):
        return "Say which values are black and white: --range LOW..HIGH."
    return ""
