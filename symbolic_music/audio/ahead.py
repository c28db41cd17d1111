"""Work that runs ahead in a thread of its own: FluidSynth and the decoders do not hold Python's lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")
DEEP = 8  # items that may wait
PATIENCE = 0.1  # seconds between looks at whether anybody still waits


@contextmanager
def ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same items, made in a thread while the last ones are used; an error in it is raised here.

    Examples
    --------
    >>> with ahead(iter(range(100))) as numbers:
    ...     sum(numbers)
    4950
    """
    queue: Queue[tuple[T] | BaseException | None] = Queue(DEEP)
    over = threading.Event()

    def put(item: tuple[T] | BaseException | None) -> None:
        while not over.is_set():
            with suppress(Full):
                queue.put(item, timeout=PATIENCE)
                return

    def work() -> None:
        try:
            for item in items:
                put((item,))
                if over.is_set():
                    break
            put(None)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to the one who waits
            put(error)
        finally:
            close = getattr(items, "close", None)
            if close:
                close()

    def given() -> Iterator[T]:
        while True:
            try:
                item = queue.get(timeout=PATIENCE)  # so that Ctrl-C is heard
            except Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield given()
    finally:
        over.set()
        thread.join()
