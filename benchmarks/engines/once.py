"""One whole life of a peer, from the start of its process: `python once.py NAME WORKLOAD`, or `python once.py NAME digits FILE`.

With a workload: one epoch of it. With digits, the rows in the .npz FILE: until 97 % of the test rows are right; prints epochs and accuracy.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def megabytes() -> float:
    """The largest memory of this process. On Linux not by getrusage, which counts what the parent had when it forked."""
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    from peer import confined

    name, key, *file = sys.argv[1:]
    threads = confined()
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "peers"))
    module = importlib.import_module(f"peers.{name}")
    from workloads import Digits, named

    if key != "digits":
        workload = named(key)
        run = module.begin(workload, threads)
        run.go(workload.steps)
        print(json.dumps({"epochs": 1, "megabytes": megabytes()}))
        return
    from reference import outputs

    workload = Digits.of(file[0])
    run, epochs, accuracy = module.begin(workload, threads), 0, 0.0
    while accuracy < 0.97 and epochs < 300:
        run.go(workload.steps)
        epochs += 1
        x, classes = workload.test()
        accuracy = float((outputs(workload, x, run.result())[-1].argmax(axis=1) == classes).mean())
    print(json.dumps({"epochs": epochs, "accuracy": accuracy, "megabytes": megabytes()}))


if __name__ == "__main__":
    main()
