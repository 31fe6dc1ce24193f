"""Tasks side by side in processes of their own that end with whoever waits for them, however he ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import cast


class Died(RuntimeError):
    """A process ended without an answer, or its task with an error."""


def side_by_side[T, R](function: Callable[[T], R], tasks: Iterable[T], processes: int = 2) -> Iterator[tuple[T, R]]:
    """Each task with its result, as they come. Raises Died. A process may have processes of its own."""
    context = multiprocessing.get_context("spawn")
    left = deque(tasks)
    running: dict[Connection, T] = {}
    workers = []
    try:
        for _ in range(min(processes, len(left))):
            mine, theirs = context.Pipe()
            worker = context.Process(target=_work, args=(function, theirs))
            worker.start()
            theirs.close()
            workers.append(worker)
            running[mine] = left.popleft()
            mine.send(running[mine])
        while running:
            for pipe in cast(list[Connection], wait(list(running))):
                task = running.pop(pipe)
                try:
                    failure, result = pipe.recv()
                except EOFError:
                    raise Died(f"a process died over {task}") from None
                if failure:
                    raise Died(f"{task}: {failure}")
                if left:
                    running[pipe] = left.popleft()
                    pipe.send(running[pipe])
                else:
                    pipe.close()
                yield task, result
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _work(function: Callable[[object], object], pipe: Connection) -> None:
    # Whoever interrupts, interrupts the parent; it ends this one, and if it cannot, its end of the pipe closes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            task = pipe.recv()
            try:
                pipe.send(("", function(task)))
            except Exception as error:
                pipe.send((f"{type(error).__name__}: {error}", None))
