"""What explanations claim of learning rates and of runs, tried by runs in NumPy: declared as the claims about the step are."""

from __future__ import annotations

import numpy as np
from tests.explanation.claims import STEEPEST, Reading, claim, length
from tests.explanation.printed import agree, number, unit

# Rates


@claim("rates.lowers")
def _(own: Reading, /, limit: str) -> bool:
    most = number(limit)
    below = own.example.run(np.linspace(0.02, 0.995, 20) * most, 2).errors[:, 1]
    beyond = own.example.run(np.linspace(1, 1.02, 20) * most, 2).errors[:, 1]
    return bool((below < own.before).all() and not (beyond < own.before).all())


@claim("rates.lowers_beyond")
def _(own: Reading, /, rate: str) -> bool:
    return agree(rate, own.asked["learning_rate"]) and own.after < own.before


@claim("rates.all")
def _(own: Reading, /, most: str) -> bool:
    return bool((own.example.run(np.geomspace(1e-4, 1, 40) * number(most), 2).errors[:, 1] < own.before).all())


@claim("rates.none", "rates.none_small")
def _(own: Reading, /, rate: str = "") -> bool:
    return not (own.example.run(np.geomspace(1e-7, 1e-3, 20), 2).errors[:, 1] < own.before * (1 - 1e-13)).all()


@claim("rates.single")
def _(own: Reading, /, rate: str, error: str) -> bool:
    near = own.example.run(number(rate) + unit(rate) * np.linspace(-0.5, 0.5, 21), 2).errors[:, 1]
    far = own.example.run(number(rate) * np.linspace(0.02, 1.5, 60), 2).errors[:, 1]
    lowest = number(error) - unit(error) - 1e-6 * own.before  # next to nothing is nothing
    return bool(
        near.min() >= lowest - 1e-13 and near.min() <= number(error) * 1.02 + 1e-13 and (far[far < own.before] >= lowest * 0.999).all()
    )


@claim("rates.single_to_zero")
def _(own: Reading, /, rate: str) -> bool:
    return bool(own.example.run(number(rate) * np.linspace(0.99, 1.01, 41), 2).errors[:, 1].min() <= 1e-3 * own.before)


@claim("rates.converges")
def _(own: Reading, /, steps: str, low: str, limit: str) -> bool:
    runs = own.example.run(np.geomspace(number(low), number(limit), 12), int(steps))
    reached = (np.abs(runs.errors) < 1e-12).any(axis=1)
    return bool((reached | (runs.norms[1] <= 1.05e-6 * runs.norms[0])).all())


@claim("rates.no_gradient")
def _(own: Reading, /) -> bool:
    return length(own.first.gradients) == 0


@claim("rates.diverges")
def _(own: Reading, /, rate: str, step: str) -> bool:
    return not abs(own.example.run([number(rate)], int(step)).errors[0, -1]) < 1e8 * max(1, own.before)


@claim("rates.wandering")
def _(own: Reading, /, rate: str, steps: str, error: str) -> bool:
    run = own.errors(number(rate), int(steps) + 1)
    late = run[len(run) // 2 :]
    rises = len(run) <= int(steps) or run[-1] >= own.before or np.diff(late).clip(min=0).sum() > 0.019 * (late[0] - late[-1])
    return own.ends_with(number(rate), int(steps), error) and bool(rises)


@claim("rates.still")
def _(own: Reading, /, rate: str, steps: str, error: str) -> bool:
    run = own.errors(number(rate), int(steps) + 1)
    late = run[len(run) // 2 :]
    return own.ends_with(number(rate), int(steps), error) and bool(np.ptp(late) <= 3e-6 * abs(run[-1]) + 1e-12)


@claim("rates.rises")
def _(own: Reading, /, rate: str, error: str) -> bool:
    run = own.errors(number(rate), 3001)
    return agree(error, float(run.max())) or len(run) < 3001


@claim("rates.good", "rates.good.steps=1")
def _(own: Reading, /, rate: str, error: str, steps: str = "1") -> bool:
    run = own.errors(number(rate), int(steps) + 1)
    return len(run) <= int(steps) or bool(run[-1] < 1e-12 and (run[:-1] >= 1e-12).all())


@claim("rates.good_minimum")
def _(own: Reading, /, rate: str, steps: str, error: str) -> bool:
    run = own.example.run([number(rate)], int(steps) + 1)
    return own.ends_with(number(rate), int(steps), error) and bool(run.norms[1][0] <= 1.05e-6 * run.norms[0][0])


@claim("rates.good_so_far")
def _(own: Reading, /, rate: str, steps: str, error: str) -> bool:
    return own.ends_with(number(rate), int(steps), error) and number(error) < own.before


@claim("rates.none_recommended", "rates.steps.most", "rates.steps.size", "rates.too_slow")
def _(own: Reading, /, **rest: str) -> bool:
    return True  # it speaks of what was tried here


@claim("doctor.rates.blocked")
def _(own: Reading, /) -> bool:
    """Small changes of what stands before the last layer leave every prediction as it is."""
    *before, W, b = own.example.start()
    changed = own.example.passed([*(each + 1e-9 for each in before), W, b])
    return bool(before) and np.allclose(changed.prediction, own.first.prediction, rtol=0, atol=1e-14)


@claim("doctor.rates.bounded")
def _(own: Reading, /) -> bool:
    low, high = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "relu": (0, np.inf)}[own.example.names[-1]]
    return bool((own.example.t < low).any() or (own.example.t > high).any())


@claim("still.dead")
def _(own: Reading, /, count: str, all: str) -> bool:
    slopes = own.example.run([own.rate], own.steps + 1).slopes[1]
    dead = sum(int((each[0] == 0).all(axis=0).sum()) for each in slopes)
    return (int(count), int(all)) == (dead, sum(each.shape[2] for each in slopes))


@claim("still.saturated")
def _(own: Reading, /, percent: str) -> bool:
    slopes = own.example.run([own.rate], own.steps + 1).slopes[1]
    pairs = [(each[0], STEEPEST[name]) for each, name in zip(slopes, own.example.names, strict=False) if name in STEEPEST]
    return float(np.mean(np.concatenate([(each < most / 20).ravel() for each, most in pairs]))) * 100 >= int(percent) - 1


@claim("still.saturated_outputs")
def _(own: Reading, /) -> bool:
    y, name = own.example.run([own.rate], own.steps + 1).predictions[0], own.example.names[-1]
    slope = {"sigmoid": y * (1 - y), "softmax": y * (1 - y), "tanh": 1 - y**2, "relu": (y > 0).astype(float)}[name]
    return bool((slope < 0.05).all())


@claim("still.mean")
def _(own: Reading, /) -> bool:
    y, t = own.example.run([own.rate], own.steps + 1).predictions[0], own.example.t
    return bool(np.allclose(y, t.mean(axis=0), atol=0.1 * float(t.std()) + 1e-9))


@claim("still.minimum")
def _(own: Reading, /) -> bool:
    norms = own.example.run([own.rate], own.steps + 1).norms
    return bool(norms[1][0] <= 1e-3 * max(norms[0][0], 1e-300))


# Repeating


@claim("repeat.given", "repeat.slow", "repeat.good")
def _(own: Reading, /, rate: str) -> bool:
    own.rate = number(rate)
    return True


@claim("repeat.reached", "repeat.reached.steps=1")
def _(own: Reading, /, steps: str = "1", **rest: str) -> bool:
    run = own.errors(own.rate, int(steps) + 1)
    return len(run) <= int(steps) or bool(run[-1] < 1e-12 and (run[:-1] >= 1e-12).all())


@claim("repeat.not_reached")
def _(own: Reading, /, steps: str, **rest: str) -> bool:
    return bool((own.errors(own.rate, int(steps) + 1) >= 1e-12).all())


@claim("repeat.settled", "repeat.settled.steps=1")
def _(own: Reading, /, error: str, steps: str = "1") -> bool:
    late = own.errors(own.rate, int(steps) + 1)[int(steps) // 2 :]
    return own.ends_with(own.rate, int(steps), error) and bool(np.ptp(late) <= 2e-3 * abs(late[-1]))


@claim("repeat.minimum")
def _(own: Reading, /, error: str, steps: str) -> bool:
    norms = own.example.run([own.rate], int(steps) + 1).norms
    return own.ends_with(own.rate, int(steps), error) and bool(norms[1][0] <= 1.05e-6 * norms[0][0])


@claim("repeat.overflow")
def _(own: Reading, /, step: str) -> bool:
    last = own.example.run([own.rate], int(step)).errors[0, -1]
    return not last <= 1e6 * max(own.before, 1)
