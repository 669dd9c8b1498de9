"""Several processes in one: threads that add their arrays up where they all have come. What differs from real ones is only who carries."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.processes.together import Processes

PATIENCE = 30


def together(count: int, work: Callable[[Processes], Any], begins: bool = False) -> list[Any]:
    """What work(processes) gives in each of so many processes; raises what the first of them raised that did not only wait for others.

    begins  whether they also begin to add up without waiting for the sum
    """
    barrier = threading.Barrier(count)
    parts: list[Any] = [None] * count
    ended: list[Any] = [None] * count

    def reduce_of(rank: int) -> Callable[[Array], Array]:
        def reduce(flat: Array) -> Array:
            parts[rank] = np.array(flat)
            barrier.wait(PATIENCE)
            assert len({part.shape for part in parts}) == 1, "processes reduce different things"
            whole = np.array(sum(parts[1:], parts[0]))
            barrier.wait(PATIENCE)
            return whole

        return reduce

    def run(rank: int) -> None:
        try:
            reduce = reduce_of(rank)

            def begin(flat: Array) -> Callable[[], Array]:
                part = np.array(flat)  # what is not there yet would be missed
                return lambda: reduce(part)

            ended[rank] = work(Processes(reduce, rank, count, local=1, backend="threads", begin=begin if begins else None))
        except BaseException as error:  # noqa: BLE001  # raised below, in the thread of the test
            ended[rank] = error
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failures = [end for end in ended if isinstance(end, BaseException)]
    for failure in sorted(failures, key=lambda one: isinstance(one, threading.BrokenBarrierError)):
        raise failure
    return ended
