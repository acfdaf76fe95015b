"""Worker process that reads files on request, one after another, and reports each outcome.

Its protocol is JSON lines: ``{"reader", "path"}`` comes in; the lines that a user would see, the
seconds of processor time and the peak memory go out.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

from tests.hostile.readers import Readers

#: Limit of the process's address space in bytes: a leak ends it before the machine suffers.
_MAX_MAPPED = 16 << 30


def peak_bytes() -> int:
    """Return the peak resident memory in bytes since :func:`forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def forget_peak() -> None:
    """Reset the peak of resident memory, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def main() -> None:
    """Answer requests on standard input until it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MAPPED, _MAX_MAPPED))
    # The readers' own output must not mix with the lines of JSON.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    readers = Readers(Path(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        forget_peak()
        begun = time.process_time()
        try:
            told = readers.read(asked["reader"], Path(asked["path"]))
            answer = {"code": told.code, "out": told.out[-200:], "err": told.err[-200:]}
        except BaseException:
            answer = {"code": -1, "out": [], "err": traceback.format_exc().splitlines()[-60:]}
        answer |= {"seconds": time.process_time() - begun, "peak": peak_bytes()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
