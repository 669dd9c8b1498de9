"""What helps against a disease: changes of a case, each of which is tried out before anybody is told of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.diagnosis.case import AFFORDABLE, Case, error_of, tried_epochs
from chainrule.diagnosis.criteria import CRITERIA, Finding, FindingValue, is_binary, outputs_of, scaled_alike, targets_outside, value_range
from chainrule.diagnosis.network_criteria import FASTER, FULL_BATCH, SMALLER, TENTHS, columns_with_two_values
from chainrule.diagnosis.rates import largest_recommended
from chainrule.diagnosis.result_criteria import MORE_EPOCHS
from chainrule.diagnosis.row_criteria import classes_of_rows, moved
from chainrule.diagnosis.scalar_search import rounded
from chainrule.diagnosis.simulation import TOLERANCE
from chainrule.network.definitions import find
from chainrule.network.network import Network
from chainrule.network.wiring import Extent

WORTH_TELLING = 0.9
"""A cure leaves at most this share of the error that is left without it; of rows that are wrong, the same."""

LOWER = 9
"""Powers of ten by which a rate is lowered, at most."""

PENALTIES, FEW_UNITS, MANY_UNITS = (0.001, 0.01), 8, 64
"""What is tried in place of what was trained."""

INSIDE = (0.1, 0.9)
"""The part of what an output can give to which targets are scaled that it cannot give: its ends would take an infinite z."""


def _same(y: Array) -> Array:
    """The predictions as they are; a function with a name, so that a diagnosis can be pickled."""
    return y


class Treatment(Frozen):
    """A change that may help.

    key      of its text
    case     the case as changed
    values   the places of the text
    options  the options of `chainrule train` that do the same, where a model was trained by it
    y        how predictions of the changed network become predictions of the first one
    judged   rows by which both are judged, where these are not the ones that each learns from
    measure  as of `Cure`; where nothing is said, the error if the losses are the same, and else what is wrong
    epochs   where it is compared with the trained network itself: how many it is trained for, in place of a trial's steps
    """

    key: str
    case: Case
    values: Mapping[str, FindingValue] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    y: Callable[[Array], Array] = _same
    judged: tuple[Array, Array] | None = None
    measure: str = ""
    epochs: int = 0


class Cure(Frozen):
    """A change that was tried out and helped.

    measure   "error"; "held_out", the error of rows that it does not learn from; "wrong", the share of the rows whose class is not found;
              "missed", the same in the mean over the classes
    without, with_it   what a trial of so many steps ends with
    """

    treatment: Treatment
    measure: str
    without: float
    with_it: float
    steps: int


Treatments: TypeAlias = Callable[[Case], Iterator[Treatment]]

CURES: dict[str, Treatments] = {}
"""What may help against each disease, by its key; the first that does is told."""


def against(*keys: str) -> Callable[[Treatments], Treatments]:
    """Adds a function of a case that gives treatments to the table."""

    def add(treatments: Treatments) -> Treatments:
        CURES.update(dict.fromkeys(keys, treatments))
        return treatments

    return add


def cure_of(case: Case, finding: Finding) -> tuple[Cure | None, list[list[Treatment]]]:
    """The first kind of treatment that helps against a disease, as trials show, and of that kind the best; None if none helps.

    And all that were tried, by their kinds: some need rows to judge by, or a whole training, for which there is not always time.
    """
    tried = list[list[Treatment]]()
    for _, kind in itertools.groupby(CURES.get(finding.key, _nothing)(case), key=lambda treatment: treatment.key):
        tried.append(list(kind))
        if helpful := [cure for treatment in tried[-1] if (cure := tried_cure(case, treatment)) is not None]:
            return min(helpful, key=lambda cure: cure.with_it), tried
    for treatment, *_ in tried:  # a trial may be too short to show it
        for whole in _whole(case, treatment) if not treatment.epochs else ():
            if (cure := tried_cure(case, whole)) is not None:
                return cure, tried
    return None, tried


def _nothing(case: Case) -> Iterator[Treatment]:
    yield from ()


def tried_cure(case: Case, treatment: Treatment) -> Cure | None:
    """What a treatment does in a trial; None where it makes nothing better."""
    changed = treatment.case
    before = case.trained if treatment.epochs else case.trial.end
    after = tried_epochs(changed, treatment.epochs) if treatment.epochs else changed.trial
    measure = treatment.measure or ("error" if _same_losses(case.network, changed.network) else "wrong")
    t = changed.t if len(changed.t) != len(case.t) else case.t  # targets that were moved are other ones
    own, others = treatment.judged or (case.x, case.t), treatment.judged or (changed.x, t)
    without, with_it = _measured(measure, case, before, *own), _measured(measure, case, after.end, *others, treatment.y)
    start = _measured(measure, case, case.network, *own)  # a trial that diverged is no measure
    if not with_it < WORTH_TELLING * min(without, start) or (measure == "error" and without < TOLERANCE):
        return None
    return Cure(treatment, measure, without, with_it, after.steps)


def _same_losses(one: Network, other: Network) -> bool:
    return [goal.loss for goal in one.goals.values()] == [goal.loss for goal in other.goals.values()]


def _measured(measure: str, case: Case, end: Network | None, x: Array, t: Array, y: Callable[[Array], Array] = _same) -> float:
    """What the predictions at the end of a trial are worth, as predictions of the first network; infinite where it diverged."""
    if end is None:
        return math.inf
    with np.errstate(all="ignore"):
        predicted = y(end.predict(x))
        if measure in ("error", "held_out"):
            found = error_of(case.network, predicted, t)
            return found if math.isfinite(found) else math.inf
        middle = (t.min() + t.max()) / 2  # ½ of 0 and 1; or of a yes and a no that are standardised
        wrong, of_class = (predicted.argmax(axis=1), t.argmax(axis=1)) if t.shape[1] > 1 else (predicted[:, 0] >= middle, t[:, 0] >= middle)
        missed = wrong != of_class
        return float(np.mean([missed[of_class == one].mean() for one in np.unique(of_class)] if measure == "missed" else missed))


# Treatments


@against("inputs_unscaled", "not_finite")
def standardised_inputs(case: Case) -> Iterator[Treatment]:
    """Each input less its mean, divided by its deviation, and with that the targets, where they need it; else a lower rate."""
    x, size = _standardised_inputs(case)
    if len(x) > 1:
        yield Treatment("standardised_inputs", case.changed(x=x))
    else:
        yield Treatment("scaled_inputs", case.changed(x=x), {"number": float(f"{size[0]:.3g}")})
    if CRITERIA["targets_unscaled"].finds(case) is not None:
        yield from standardised_targets(case)
    yield from smaller_rates(case)
    if CRITERIA["start_too_large"].finds(case) is not None:
        yield Treatment("drawn", case.changed(network=redrawn(case.network)))


@against("targets_unscaled")
def standardised_targets(case: Case) -> Iterator[Treatment]:
    """Each target less its mean, divided by its deviation, and with that the inputs, where they need it; else a lower rate."""
    t, deviation = _standardised(case.t)
    mean = case.t.mean(axis=0) if len(case.t) > 1 else 0.0
    back = partial(_unscaled, mean=mean, deviation=deviation)
    yield Treatment("standardised_targets", case.changed(t=t), y=back)
    if len(case.x) > 1:
        yield Treatment("standardised_both", case.changed(t=t, x=_standardised_inputs(case)[0]), y=back)
    yield from smaller_rates(case)


def _unscaled(y: Array, mean: Array | float, deviation: Array) -> Array:
    return np.asarray(y * deviation + mean)


def _standardised_inputs(case: Case) -> tuple[Array, Array]:
    """The rows with the mean 0 and the deviation 1 of all that has one scale, and what was divided by; tokens stay as they are."""
    if not any(isinstance(size, Extent) for size in case.network.wiring.inputs.values()):
        return _standardised(case.x)
    x, deviation = np.array(case.x, dtype=float), np.ones(case.x.shape[1])
    for places in scaled_alike(case.network):
        numbers, own = _standardised(x[:, places].reshape(-1, 1))
        x[:, places], deviation[places] = numbers.reshape(len(x), -1), own[0]
    return x, deviation


def _standardised(values: Array) -> tuple[Array, Array]:
    """Columns with the mean 0 and the deviation 1, and what they were divided by; a single row has one size for all its numbers."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        size = float(np.sqrt(np.mean(values**2))) or 1.0
        return values / size, np.full(values.shape[1], size)
    deviation = values.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return (values - values.mean(axis=0)) / deviation, deviation


@against("rate_too_large")
def smaller_rates(case: Case) -> Iterator[Treatment]:
    """The rate of which the finding tells, if it tells of one; else the one that is recommended, if it is lower; else a third, and tenths
    of that until the error falls.
    """
    if case.rate is None:
        return
    if (finding := CRITERIA["rate_too_large"].finds(case)) is not None and "better" in finding:
        yield _with_rate(case, float(finding["better"]))
        return
    if case.advised is not None and case.advised < case.rate:
        treatment = _with_rate(case, case.advised)
        yield treatment
        if treatment.case.trial.share < 1:
            return
    most = min(case.rate / 3, largest_recommended(case.network, case.optimizer))
    for power in range(LOWER):
        treatment = _with_rate(case, rounded(most / 10**power, 2))
        yield treatment
        if treatment.case.trial.share < 1:
            yield _with_rate(case, rounded(most / 10**power / 3, 2))
            return


@against("rate_too_small", "mean_predicted")
def larger_rates(case: Case) -> Iterator[Treatment]:
    """The rate of which the finding tells, if there is one; else larger ones, as far as any is ever recommended."""
    most = largest_recommended(case.network, case.optimizer)
    if (finding := CRITERIA["rate_too_small"].finds(case)) is not None:
        yield _with_rate(case, float(finding["better"]))
    elif case.rate is not None:
        yield from (_with_rate(case, rounded(case.rate * factor)) for factor in FASTER if case.rate * factor <= most)


def _with_rate(case: Case, rate: float) -> Treatment:
    return Treatment("rate", case.with_rate(rate), {"rate": rate}, {"learning_rate": f"{rate:g}"})


@against("zero_start", "equal_units", "start_too_large", "exploding", "no_gradient", "dead_units", "saturation")
def drawn_weights(case: Case) -> Iterator[Treatment]:
    """Weights drawn anew, by the initialiser that fits each activation."""
    yield Treatment("drawn", case.changed(network=redrawn(case.network)))
    if CRITERIA["dead_units"].finds(case) is not None:
        changed = with_hidden(case.network, "leaky_relu")
        yield Treatment("activation", case.changed(network=changed), {"activation": "leaky_relu"}, {"activation": "leaky_relu"})
    if CRITERIA["rate_too_large"].finds(case) is not None:
        yield from smaller_rates(case)


def redrawn(network: Network) -> Network:
    """The same network with no numbers given and no start chosen, so that its seed draws what fits."""
    layers = network.numbered_layers
    for place, layer in enumerate(layers):
        for symbol in list(layer.given):
            layers[place] = layers[place].without_numbers(symbol)
        layers[place] = replace(layers[place], initializer=None)
    return network.replaced(layers=layers)


@against("vanishing")
def other_activations(case: Case) -> Iterator[Treatment]:
    """Activations with steeper slopes, with weights that fit them; and an optimiser that looks at each weight by itself."""
    for name in ("tanh", "relu"):
        yield Treatment("activation", case.changed(network=with_hidden(case.network, name)), {"activation": name}, {"activation": name})
    adam = find("optimizer", "adam")
    if case.optimizer.definition is not adam.definition:
        rate = rounded(min(adam.definition.largest_rate, 10 * adam.options["learning_rate"]))
        changed = find("optimizer", {"name": "adam", "learning_rate": rate})
        yield Treatment("optimizer", case.changed(optimizer=changed), {"optimizer": "adam", "rate": rate}, {"optimizer": "adam"})


def with_hidden(network: Network, activation: str) -> Network:
    """The same network with another activation in its hidden layers, and weights drawn for it."""
    last = network.last_layers
    layers = [
        drawn if place in last or drawn.activation is None else drawn.with_options(activation=find("activation", activation))
        for place, drawn in zip(network.layers, redrawn(network).layers, strict=True)
    ]
    return network.replaced(layers=layers)


@against("bounded_output")
def open_output(case: Case) -> Iterator[Treatment]:
    """An output that can be any number; targets that lie well inside what it gives."""
    yield Treatment("output", case.changed(network=with_output(case.network, {"activation": "identity"})), {"activation": "identity"})
    if (found := targets_outside(case.network, case.t)) is not None and found[0].activation is not None:
        low, high = value_range(found[0].activation)
        low, high = (low, high) if math.isfinite(low + high) else (low, low + 1) if math.isfinite(low) else (high - 1, high)
        low, high = (low + (high - low) * part for part in INSIDE)
        least, most = case.t.min(axis=0), case.t.max(axis=0)
        deviation = np.where(most > least, (most - least) / (high - low), 1.0)
        back = partial(_unscaled, mean=least - low * deviation, deviation=deviation)
        t = (case.t - least) / deviation + low
        yield Treatment("scaled_targets", case.changed(t=t), {"low": low, "high": high}, y=back)


@against("double_softmax")
def single_softmax(case: Case) -> Iterator[Treatment]:
    """An output without the softmax that the loss takes itself; a loss that takes none."""
    for layer, loss, _ in outputs_of(case.network):
        if loss.definition.logits and layer.activation is not None:
            changed = with_output(case.network, {"activation": "identity"})
            yield Treatment("output", case.changed(network=changed), {"activation": "identity"})
            return
    yield Treatment("hidden", case.changed(network=with_hidden(case.network, "tanh")), {"activation": "tanh"})


@against("wrong_loss")
def fitting_loss(case: Case) -> Iterator[Treatment]:
    """The loss of probabilities with the output that gives them."""
    loss = "binary_cross_entropy" if is_binary(case.t) or case.t.shape[1] == 1 else "cross_entropy"
    if len(case.network.goals) == 1 and columns_with_two_values(case.t) and not is_binary(case.t):  # a yes and a no that are standardised
        output, (low, high) = find("loss", loss).output, np.unique(case.t)
        changed = with_output(case.network, {"activation": output}).replaced(loss=loss)
        back, options = partial(_unscaled, mean=low, deviation=high - low), {"task": "classify"}
        known = {"loss": loss, "activation": output.name}
        yield Treatment("loss", case.changed(network=changed, t=(case.t > low) * 1.0), known, options, y=back, measure="wrong")
        return
    if len(case.network.goals) == 1 and np.isin(case.t, (0, 1)).all():
        output = find("loss", loss).output
        changed = with_output(case.network, {"activation": output}).replaced(loss=loss)
        yield Treatment("loss", case.changed(network=changed), {"loss": loss, "activation": output.name}, {"loss": loss})
    yield Treatment("output", case.changed(network=with_output(case.network, {"activation": case.network.loss.output})),
                    {"activation": case.network.loss.output.name})  # fmt: skip


def with_output(network: Network, options: Mapping[str, Any]) -> Network:
    """The same network with other options of the layers that lead to outputs."""
    last = network.last_layers
    found = {key: find("activation", value) if key == "activation" else value for key, value in options.items()}
    layers = [
        numbered.with_options(**found) if layer in last else numbered
        for layer, numbered in zip(network.layers, network.numbered_layers, strict=True)
    ]
    return network.replaced(layers=layers)


@against("penalty")
def no_penalty(case: Case) -> Iterator[Treatment]:
    """Weights that cost nothing."""
    yield Treatment("no_penalty", case.changed(network=case.network.replaced(regularizer=None)))


@against("outlier")
def without_row(case: Case) -> Iterator[Treatment]:
    """Without the row, judged by all others."""
    finding = CRITERIA["outlier"].finds(case)
    if finding is None or not finding["place"]:
        return
    place = int(finding["place"]) - 1
    x, t = np.delete(case.x, place, axis=0), np.delete(case.t, place, axis=0)
    weights = None if case.weights is None else np.delete(case.weights, place)
    yield Treatment("without_row", case.changed(x=x, t=t, weights=weights), {"row": finding["row"]}, judged=(x, t))


@against("imbalance", "class_never_found")
def balanced_classes(case: Case) -> Iterator[Treatment]:
    """Rows that count the more the rarer their class is; judged by every class alike, on rows held out if there are some."""
    labels = classes_of_rows(case.t)
    if labels is None or case.weights is not None:
        return
    counts = np.bincount(labels)
    weights = len(labels) / (np.count_nonzero(counts) * counts[labels])
    options = {"class_weights": "balanced"}
    yield Treatment("balanced", case.changed(weights=weights), {}, options, judged=case.held_out, measure="missed")


def _whole(case: Case, treatment: Treatment, more: int = 1, **known: Any) -> Iterator[Treatment]:
    """A treatment that is compared with the trained network, after as many epochs or some times as many; nothing where there is no time."""
    epochs = more * case.history[-1].epoch if case.history and case.trained is not None else 0
    if 0 < treatment.case.network.size * len(case.sample[0]) * epochs <= AFFORDABLE:
        yield replace(treatment, epochs=epochs, values={**treatment.values, "epochs": epochs}, **known)


def _wide(case: Case, units: int) -> Iterator[Treatment]:
    """One hidden layer of so many units."""
    drawn = not any(layer.given for layer in case.network.layers)  # else it would be the start that helps
    if drawn and (changed := with_units(case.network, units)) is not None and changed.size != case.network.size:
        yield Treatment("units", case.changed(network=changed), {"units": str(units)}, {"hidden": str(units)})


@against("overfitting", "worse_than_guessing")
def simpler_networks(case: Case) -> Iterator[Treatment]:
    """A penalty, and fewer units; judged by rows that are not learned from."""
    if case.held_out is not None:
        for treatment in (*_penalised(case), *_wide(case, FEW_UNITS)):
            yield from _whole(case, treatment, judged=case.held_out, measure="held_out")


def _penalised(case: Case) -> Iterator[Treatment]:
    for rate in PENALTIES if case.network.regularizer is None else ():
        changed = case.network.replaced(regularizer={"name": "l2", "rate": rate})
        yield Treatment("penalty", case.changed(network=changed), {"rate": rate}, {"regularizer": f"l2:rate={rate:g}"})


@against("too_few_epochs")
def more_epochs(case: Case) -> Iterator[Treatment]:
    """As many epochs as the criterion has tried."""
    if (finding := CRITERIA["too_few_epochs"].finds(case)) is not None:
        epochs = int(finding["enough"])
        yield Treatment("epochs", case.changed(), {"epochs": epochs}, {"epochs": str(epochs)}, epochs=epochs)


@against("underfitting")
def longer_trainings(case: Case) -> Iterator[Treatment]:
    """A larger rate, more epochs, more units."""
    for treatment in itertools.islice(larger_rates(case), 2):
        yield from _whole(case, treatment)
    for treatment in _whole(case, Treatment("epochs", case.changed()), MORE_EPOCHS):
        yield replace(treatment, options={"epochs": str(treatment.epochs)})
    for treatment in _wide(case, MANY_UNITS):
        yield from _whole(case, treatment)


def with_units(network: Network, units: int) -> Network | None:
    """The same chain of dense layers with one hidden layer of so many units, drawn anew; None of other networks."""
    layers = redrawn(network).numbered_layers
    if len(layers) < 2 or not network.wiring.is_chain or any(layer.kind.name != "dense" for layer in layers):
        return None
    return network.replaced(layers=[layers[0].with_options(units=units), layers[-1]])


@against("start_kept")
def slower_trainings(case: Case) -> Iterator[Treatment]:
    """Lower rates; judged by rows that are not learned from, if there are some."""
    for factor in TENTHS if case.rate is not None else ():
        treatment = _with_rate(case, rounded(float(case.rate or 0) / factor))
        yield from _whole(case, treatment, judged=case.held_out, measure="held_out" if case.held_out is not None else "")


@against("batch_too_large")
def smaller_batches(case: Case) -> Iterator[Treatment]:
    """An eighth of the batch."""
    size = case.each // SMALLER
    yield from _whole(case, Treatment("batch", case.changed(batch_size=size), {"size": size}, {"batch_size": str(size)}))


@against("batch_too_small")
def larger_batches(case: Case) -> Iterator[Treatment]:
    """Batches of the usual size; lower rates."""
    size = min(FULL_BATCH, case.rows)
    yield Treatment("batch", case.changed(batch_size=size), {"size": size}, {"batch_size": str(size)})
    yield from smaller_rates(case)


@against("out_of_step")
def moved_targets(case: Case) -> Iterator[Treatment]:
    """Targets moved to the rows that they belong to."""
    finding = CRITERIA["out_of_step"].finds(case)
    if finding is not None:
        shift = int(finding["rows"]) * (1 if finding["how"] == "late" else -1)
        x, t = moved(case.x, case.t, shift)
        yield Treatment("moved", case.changed(x=x, t=t, weights=None, held_out=None), {"rows": abs(shift)})
