"""One function over many pieces: in this process, on the cores of this machine, or on a cluster.

The engine is Dask, the extra [scale].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import islice
from typing import Any, TypeVar

from symbolic_music.errors import BriefError, SymbolicMusicError

T = TypeVar("T")
R = TypeVar("R")

#: Items sent at once: a piece takes a few milliseconds, a message about one.
CHUNK = 32
#: Chunks under way at a time for each core, so that a large corpus never lies in memory as a whole.
_AHEAD = 4


def mapped(
    function: Callable[[T], R], items: Iterable[T], *, workers: int = 0, scheduler: str = "", chunk: int = CHUNK
) -> Iterator[R]:
    """`function` of every item, in their order.

    Parameters
    ----------
    function : callable
        Of one item. For workers: from a module that they can import, or a `functools.partial` of one.
    items : iterable
        What `function` is given, one after the other.
    workers : int
        Processes on this machine; 0 works in this one.
    scheduler : str
        The address of a Dask scheduler, such as "tcp://10.0.0.1:8786", in the place of `workers`. Its workers need
        this package, and any files under the same paths.
    chunk : int
        Items sent to a worker at once.

    Yields
    ------
    object
        The same whatever does the work.

    Raises
    ------
    BriefError
        For fewer than 0 workers, and for both workers and a scheduler.
    SymbolicMusicError
        If Dask is missing or the scheduler does not answer.

    Examples
    --------
    >>> list(mapped(abs, [-3, 2, -1], chunk=2))
    [3, 2, 1]
    """
    if workers < 0:
        raise BriefError(f"{workers} workers", hint="0 for this process alone, or a number of processes")
    if workers and scheduler:
        raise BriefError("both workers and a scheduler", hint="a scheduler has workers of its own: leave workers out")
    tasks = (partial(_each, function, lot) for lot in _lots(items, chunk))
    if not (workers or scheduler):
        for task in tasks:
            yield from _received(task())
        return
    with ExitStack() as stack:
        client = stack.enter_context(_client(stack, workers, scheduler))
        room = _AHEAD * max(sum(client.ncores().values()), 1)
        under_way = deque(client.submit(task, pure=False) for task in islice(tasks, room))
        while under_way:
            yield from _received(under_way.popleft().result())
            under_way.extend(client.submit(task, pure=False) for task in islice(tasks, 1))


@dataclass(frozen=True)
class _Refusal:
    """An error of ours on its way from a worker."""

    kind: type[SymbolicMusicError]
    what: str
    hint: str


def _each(function: Callable[[T], R], items: list[T]) -> list[R] | _Refusal:
    try:
        return [function(item) for item in items]
    except SymbolicMusicError as error:
        return _Refusal(type(error), error.what, error.hint)


def _received(results: list[R] | _Refusal) -> list[R]:
    if isinstance(results, _Refusal):
        raise results.kind(results.what, hint=results.hint)
    return results


def _lots(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while lot := list(islice(rest, size)):
        yield lot


def _client(stack: ExitStack, workers: int, scheduler: str) -> Any:
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise SymbolicMusicError(
            "workers need Dask, which is not installed",
            hint="pip install 'symbolic-music[scale]', or leave workers and scheduler out",
        ) from error
    if scheduler:
        try:
            return distributed.Client(scheduler, timeout="5s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise SymbolicMusicError(
                f"no Dask scheduler answers at {scheduler}", hint=f"start one with `dask scheduler` ({error})"
            ) from error
    cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, memory_limit=0)
    return distributed.Client(stack.enter_context(cluster), set_as_default=False)
