"""Checks many files, in this process or in several; the results come in the order of the files."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lrspec.compiler.runner import Against, Checked, Checker


class JobsError(RuntimeError):
    """A process that checked files has ended before its time."""


def check_files(paths: Sequence[str], against: Against, jobs: int = 1) -> Iterator[Checked]:
    """Check each file; with several `jobs`, in the main thread only.

    Raises:
        JobsError: where a process was killed, by lack of memory, say.
        ModelError: where a model of the command line cannot be built.
    """
    if jobs == 1 or len(paths) < 2:
        yield from map(Checker(against).check_file, paths)
        return
    import multiprocessing  # here, since most checks are of one process, and these take long to import
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")  # a fork would inherit threads in any state
    with ProcessPoolExecutor(min(jobs, len(paths)), context, _begin, (against,)) as pool:
        try:
            with _interrupts_held():  # from the processes for good, which begin here and inherit it
                results = [pool.submit(_check, path) for path in paths]
            yield from (result.result() for result in results)  # `map` would cancel what a killed process had
        except BrokenProcessPool:
            raise JobsError("a process that checked specs was killed; fewer --jobs need less memory") from None
        except BaseException:  # Ctrl-C: the pool would wait for what is being built
            for process in multiprocessing.active_children():
                process.kill()
            raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """One that comes meanwhile is heard afterwards: were it ignored, a Ctrl-C as the processes begin would be lost."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_checker: Checker | None = None
"""What a process of the pool checks with, so that it builds each model once."""


def _begin(against: Against) -> None:
    global _checker  # the pool begins a process with this call
    _checker = Checker(against)


def _check(path: str) -> Checked:
    assert _checker is not None
    return _checker.check_file(path)
