"""Distributed preparation of a data set: each machine decodes a part, and rank 0 writes it.

Rank 0 lists the files and asks; the first rank of each other machine that finds the same files
answers with what its decoding processes have decoded, which rank 0 writes at its place. So the
bytes are those of a preparation on one machine, only rank 0 needs access to its cache, and no
more than a few batches of each process are under way.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.data.decoding.decode_pool import decoding_processes
from ddpm_studio.data.decoding.decode_server import DecodeServer
from ddpm_studio.engine.device.ranks import RankLostError
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.jobs.machine.ranks.place import RankPlace
from ddpm_studio.jobs.machine.ranks.store import pop, put
from ddpm_studio.jobs.machine.ranks.team import Team, ready_key
from ddpm_studio.progress import Progress
from ddpm_studio.requests import PrepareOptions

_FILES = "files"
_WAIT_SECONDS = 0.02


def prepare_on_all_ranks(
    team: Team | None, sources: Sequence[Path], options: PrepareOptions, required_multiple: int
) -> Generator[Progress, None, Dataset]:
    """Prepare a data set, with the help of the other machines if there are any.

    Args:
        team: the ranks, where a launcher has started them.
        sources: files and folders of the pictures.
        options: how the pictures are prepared.
        required_multiple: a size that is chosen automatically is a multiple of this.

    Raises:
        StudioError: as :func:`ddpm_studio.data.prepare` does, or if a rank has gone.
    """
    assistance = None
    if team is not None and team.place.local_size < team.place.size:
        assistance = SharedPreparing(team, sources, options, required_multiple)
    dataset: Dataset = yield from data.prepare(
        sources, options, required_multiple=required_multiple, assistance=assistance
    )
    return dataset


def is_assistant(place: RankPlace) -> bool:
    """Whether a rank helps to prepare pictures: the first of each machine but rank 0's."""
    return place.rank > 0 and place.local_rank == 0


class SharedPreparing:
    """Decoding processes of the other machines, as rank 0 uses them to prepare pictures.

    Args:
        team: the ranks.
        sources: files and folders of the pictures.
        options: how the pictures are prepared.
        required_multiple: a size that is chosen automatically is a multiple of this.
    """

    def __init__(
        self, team: Team, sources: Sequence[Path], options: PrepareOptions, required_multiple: int
    ) -> None:
        self._team = team
        self._request = {
            "sources": list(map(str, sources)),
            "options": options.model_dump_json(),
            "multiple": required_multiple,
        }
        self._awaited: list[int] = []

    def invite(self, key: str) -> None:
        """Invite ranks to help that find the same files, which ``key`` identifies."""
        self._team.send(_FILES, {**self._request, "key": key})
        self._awaited = list(range(1, self._team.place.size))

    def new_assistants(self) -> Sequence[_RemoteProcess]:
        """Return the decoding processes of machines that have joined since the last call.

        Raises:
            StudioError: if a rank has gone.
        """
        self._team.check()
        assistants: list[_RemoteProcess] = []
        for rank in [rank for rank in self._awaited if self._team.store.check([_joined_key(rank)])]:
            self._awaited.remove(rank)
            count = int(self._team.store.get(_joined_key(rank)))
            assistants += [
                _RemoteProcess(self._team, f"{rank}/{process}") for process in range(count)
            ]
        return assistants


class _RemoteProcess:
    """Proxy of a decoding process on another machine."""

    def __init__(self, team: Team, name: str) -> None:
        self._team, self._name = team, name
        self._stopped = threading.Event()

    def answer(self, request: bytes) -> bytes:
        """Return the process's answer to a decode request, waiting for it.

        Raises:
            StudioError: if its rank has gone, or :meth:`stop` was called.
        """
        store = self._team.store
        put(store, _request_key(self._name), request)
        while not store.check([_answer_key(self._name)]):
            self._team.check()
            if self._stopped.wait(_WAIT_SECONDS):
                raise StudioError("Preparing has ended.")
        return pop(store, _answer_key(self._name))

    def stop(self) -> None:
        """Stop waiting for an answer."""
        self._stopped.set()


def serve_decoding(team: Team) -> None:
    """Decode pictures for rank 0, until it has prepared the data set and joins the ranks.

    Raises:
        StudioError: if a decoding process of this machine has gone.
        RankLostError: if rank 0 has ended.
    """
    if not _wait_for_key(team, _FILES):
        return
    message = cast(dict[str, Any], team.receive(_FILES))
    sources = [Path(source) for source in message["sources"]]
    options = PrepareOptions.model_validate_json(message["options"])
    try:
        key = data.key_of_files(sources, options, message["multiple"])
    except StudioError:
        # The files are not found here: this is reported when the pictures are needed.
        return
    if key != message["key"]:
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = []
        for process in range(decoding_processes()):
            processes.append(DecodeServer(folder / str(process)))
            stack.callback(processes[-1].close)
        if not all(process.ready() for process in processes):
            return
        failed: list[Exception] = []
        rank = team.place.rank
        threads = [
            threading.Thread(target=_serve, args=(team, f"{rank}/{k}", process, failed))
            for k, process in enumerate(processes)
        ]
        for thread in threads:
            thread.start()
        team.store.set(_joined_key(rank), str(len(processes)))
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]


def _serve(team: Team, name: str, process: DecodeServer, failed: list[Exception]) -> None:
    """Answer the requests to one decoding process until rank 0 goes on."""
    try:
        while _wait_for_key(team, _request_key(name)) and not failed:
            put(team.store, _answer_key(name), process.answer(pop(team.store, _request_key(name))))
    except Exception as error:
        failed.append(error)
        if not isinstance(error, RankLostError):
            team.fail(Failure.of(error))


def _wait_for_key(team: Team, key: str) -> bool:
    """Wait until a key is in the store; False if rank 0 joins the ranks first.

    Raises:
        RankLostError: if rank 0 has ended.
    """
    while not team.store.check([key]):
        if team.store.check([ready_key(0)]):
            return False
        team.raise_if_over()
        time.sleep(_WAIT_SECONDS)
    return True


def _joined_key(rank: int) -> str:
    return f"assists/{rank}"


def _request_key(name: str) -> str:
    return f"question/{name}"


def _answer_key(name: str) -> str:
    return f"answer/{name}"
