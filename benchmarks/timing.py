"""Times tasks in turn, and compares them."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Task = Callable[[], object]


@dataclass(frozen=True)
class Effort:
    """How much to measure: how often a task is timed, and whether with small sizes, for tests.

    A task is timed at most `most` times. It stops after `seconds`, garbage collection included, but not before it has
    been timed `least` times. It first runs `unmeasured` times.
    """

    most: int = 30
    least: int = 3
    seconds: float = 6
    unmeasured: int = 1
    quick: bool = False


FULL, QUICK = Effort(), Effort(most=1, least=1, unmeasured=0, quick=True)


@dataclass(frozen=True)
class Times:
    """The seconds that each task took, round by round."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """The median time of a task, in seconds."""
        return median(self.seconds[name])

    def ratio(self, name: str, beside: str) -> float:
        """The median ratio of one task's time to another's, over the rounds that have both."""
        pairs = zip(self.seconds[name], self.seconds[beside], strict=False)
        return median(own / other for own, other in pairs)


def in_turn(tasks: Mapping[str, Task], effort: Effort) -> Times:
    """Time every task, round after round, with a garbage collection before each."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    spent = dict.fromkeys(tasks, 0.0)
    for done in range(effort.unmeasured + effort.most):
        for name, task in tasks.items():
            if done < effort.unmeasured + effort.least or spent[name] < effort.seconds:
                start = time.perf_counter()
                taken[name].append(_seconds(task))
                spent[name] += time.perf_counter() - start
    return Times({name: seconds[effort.unmeasured :] for name, seconds in taken.items()})


def _seconds(task: Task) -> float:
    gc.collect()
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def tell(progress: str) -> None:
    """Report on standard error what is being measured."""
    print(progress, file=sys.stderr, flush=True)
