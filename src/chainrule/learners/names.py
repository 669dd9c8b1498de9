"""What learners call things: which quantity a name means, and of which layer, as far as names tell. Numbers decide afterwards.

>>> meaning("dW1"), meaning("weights_hidden_output"), meaning("nabla_b"), meaning("learning_rate")
(NameMeaning(kind='dW', rank=1.0), NameMeaning(kind='W', rank=50.0), NameMeaning(kind='db', rank=None), NameMeaning(kind='rate', rank=None))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from chainrule.base.frozen import FrozenValue

LAST = 50.0
"""The rank of what belongs to the output layer, above every layer with a number."""


class NameMeaning(FrozenValue):
    """kind: "x", "t", "W", "b", "z", "h", "y", "dW", "db", "rate" …, "" where the name tells nothing; rank: what orders the layers."""

    kind: str
    rank: float | None = None


_WEIGHT = (
    r"(?:w|ws|wt|wts|weights?|weightmatri(?:x|ces)|theta|thetas|syn|synapses?|kernels?|coefs?|poids|pesos?|"
    r"gewichte?|vesa|ves|omega)"
)
_BIAS = r"(?:b|bs|bias|biases|biais|intercepts?|sesgo|sesgos|vies|vieses|smeshenie|schwellen?|thresholds?)"
_LAYER = (
    r"(?:(?P<digits>\d+)|(?P<first>i|ih|xh|ij|in|input|inputs|inputhidden|inputtohidden|inhid|h|hid|hidden|"
    r"hiddenlayer|hiddens|hl|first|one|x|ji|j|enc|encoder|oculta|entradaoculta|cachee|"
    r"entrada|versteckt)|(?P<last>o|ho|hy|hk|jk|kj|k|out|output|outputs|outputlayer|outputlayers|hiddenoutput|"
    r"hiddentooutput|hidout|ol|final|second|two|y|dec|decoder|salida|saida|ocultasaida|sortie|ausgabe|last))"
)
_GRADIENT = (
    r"(?:d|d[jlec]|d[jlec]d|dcostd|dlossd|derrord|dcost|dloss|derror|grad|grads|gradient|gradients|gradientof|"
    r"gradof|nabla|nablas|delta|deltas|del|partial|dd|sumd|totald|acc|g|update)"
)
_GRADIENT_AFTER = (
    r"(?:grad|grads|gradient|gradients|deltas?|delta|adjustments?|corrections?|updates?|derivatives?|der|deriv|d|changes?|steps?|error)"
)

_PATTERNS = [
    (kind, re.compile(rf"^(?:{pattern})$"))
    for kind, pattern in [
        ("dW", rf"{_GRADIENT}(?:of)?{_WEIGHT}{_LAYER}?"),
        ("dW", rf"{_GRADIENT}{_LAYER}{_WEIGHT}"),
        ("dW", rf"{_WEIGHT}{_LAYER}?{_GRADIENT_AFTER}"),
        ("dW", rf"{_LAYER}{_WEIGHT}{_GRADIENT_AFTER}"),
        ("db", rf"{_GRADIENT}(?:of)?{_BIAS}{_LAYER}?"),
        ("db", rf"{_GRADIENT}{_LAYER}{_BIAS}"),
        ("db", rf"{_BIAS}{_LAYER}?{_GRADIENT_AFTER}"),
        ("db", rf"{_LAYER}{_BIAS}{_GRADIENT_AFTER}"),
        ("delta", rf"(?:delta|deltas|d|dz|dlayer|dnet|dpre|erro?rterm){_LAYER}?"),
        ("delta", rf"{_LAYER}(?:layer)?(?:delta|d)"),
        ("rate", r"lr|lrate|learningrate|learnrate|alpha|eta|rate|stepsize|epsilon_?lr|taux|lernrate|l_?r|"
         r"schrittweite|tasa|tasaaprendizaje|taxa|taxaaprendizado|"
         r"learning|ita"),
        ("momentum", r"momentum|mu|beta|mom|m0mentum"),
        ("penalty", r"reg|lambda|lambd|lmbda|lamda|lam|regularization|reglambda|regstrength|l2|l2reg|weightdecay|decay|regrate"),
        ("epochs", r"epochs?|nepochs?|numepochs?|iterations?|niter|niters|numiterations?|maxiters?|maxiterations?|iters?|"
         r"numiters?|nits?|numsteps|steps|nsteps|"
         r"maxepochs?|epocas|epochen|trainingiterations|noofepochs|numberofepochs|numberoftrainingiterations|epochcount|numpasses|passes|times|ntrain"),
        ("batch", r"batchsize|minibatchsize|bs|mbsize"),
        ("count", r"m|nsamples|numsamples|numexamples|nexamples|numtrain|nbsamples|n"),
        ("quiet", r"verbose|printcost|printloss|debug|plot|showplot|display|log|printevery|verbosity|monitor\w*|evaluation\w*"),
        ("x", r"x|xs|xtrain|trainx|xbatch|inputs?|inputdata|inputslist|inputlist|data|features?|xinput|trainingin?puts?|"
         r"traininginputs?|trainingsetinputs|inputvector|row|"
         r"a0|layer0|l0|xi|sample|datain|inp|xdata|trainx|xb|xtr|inputarray|inputlayer|imgs?|images?|entradas?|"
         r"entrees?|eingabe|inputvalues?|inputnodes?values|tx|sampleinput"),
        ("t", r"y|ys|ytrue|ytrues|allytrues|t|ts|targets?|targetslist|labels?|trainy|ytrain|ybatch|expected|"
         r"expectedoutputs?|outputdata|trainingoutputs?|trainingsetoutputs|d|desired|"
         r"desiredoutputs?|targetvector|truth|groundtruth|actual|actualy|yi|onehoty|yonehot|onehot|yact|ydata|"
         r"salidas?|etiquetas?|desejad[oa]s?|desead[oa]s?|sollwert|real|ytr|yb|yenc|goal|"
         r"yreal|yactual|answers?|correct|outputtrue|ty|targetlist|actualoutput|sampleoutput"),
        ("y", r"yhat|ypred|yp|pred|preds|predictions?|predicted|outputs?|out|probs?|a?final|al|scores?|o|yout|"
         r"finaloutputs?|outputlayeroutput|outputactivations?|predictedoutput|layeroutput|res|result|hypothesis|"
         r"activation2|p"),
        ("z", rf"(?:z|net|pre|preact|preactivation|sum|s|in|logit|logits|u){_LAYER}?"),
        ("h", rf"(?:a|h|hidden|act|activations?|layer|l|o|out|outputs?|hidden(?:layer)?(?:activation|outputs?)?|hiddenlayer|hid){_LAYER}?"),
        ("params", r"params?|parameters?|model|network|net|nn|theta|thetas|weightsandbiases|weightdict|p|mlp|layers"),
        ("cache", r"caches?|memory|memo|forwardcache|store|intermediates?|activationscache|vals?|values|forwardpass|state"),
        ("grads", r"grads?|gradients?|derivatives?|deltas?|updates?|derivs|nablas?"),
        ("inputs", r"nx|nentradas?|ninputs?|numinputs?|inputsize|inputdim|inputnodes|nin|ni|nbinputs?|inputnodes|inputs|innodes|insize|"
         r"indim|numfeatures|nfeatures|inputneurons|inputlayerneurons|inputlayersize|numinputneurons|d|din|"
         r"inputcount|nfeat|inputunits|nodesin|visible|visiblesize|nvisible|numvisible|visibleunits"),
        ("hidden", r"nh|nocultas?|nnhdim|nhid|nhidden|numhidden|hiddensize|hiddendim|hiddennodes|hidnodes|nhid|hidden|hiddenneurons|"
         r"hiddenlayerneurons|hiddenlayersize|numhiddenneurons|h|hiddenunits|hdim|nbhidden|hiddencount|nhiddens|"
         r"hiddennodescount|nodes|neurons"),
        ("outputs", r"ny|nsa[li]+das?|noutputs?|numoutputs?|outputsize|outputdim|outputnodes|nout|no|nboutputs?|outsize|outdim|outnodes|"
         r"numclasses|nclasses|outputneurons|outputlayerneurons|outputlayersize|numoutputneurons|numlabels|c|k|"
         r"outputcount|outputs|outputunits|classes"),
        ("sizes", r"sizes|layers?|layersizes?|layerdims?|layersdims?|dims?|architecture|topology|nnstructure|structure|shape|"
         r"layernodes|nodes|networksize|neurons|arch|layout|npl|netstructure|layerslist|nnarchitecture"),
        ("W", rf"(?:initial|init|start)?{_WEIGHT}{_LAYER}?"),
        ("W", rf"{_LAYER}(?:layer)?{_WEIGHT}"),
        ("b", rf"{_BIAS}{_LAYER}?"),
        ("b", rf"{_LAYER}(?:layer)?{_BIAS}"),
        ("index", r"i|j|step|iteration|epoch|it|iter|index|idx|count"),
        ("seed", r"seed|randomseed|randomstate|rngseed|key|rngkey|prngkey"),
        ("generator", r"rng|generator|randomgenerator"),
    ]
]  # fmt: skip

_SPECIAL = {"U": NameMeaning("W", 1.0), "V": NameMeaning("W", LAST)}


STATED: dict[str, NameMeaning] = {}
"""What the owner of the program that this process runs has said of its names."""


def use_stated_names(names: Mapping[str, str], slopes: Iterable[str] = ()) -> None:
    """Take a header at its word: {"A": "W1", "p": "x"}. `slopes`: numbers that are no rate, though some call one so."""
    STATED.clear()
    meanings.cache_clear()
    STATED.update({name: NameMeaning("slope") for name in slopes if meaning(name).kind == "rate"})
    meanings.cache_clear()
    for name, kind in names.items():
        found = re.fullmatch(r"([A-Za-z_]+?)(\d*)", kind)
        if found is not None:
            STATED[name] = NameMeaning(found[1], float(found[2]) if found[2] else None)


def compact(name: str) -> str:
    """A name without what is before its last point, without underscores and capitals."""
    if name.endswith("]") and (key := re.search(r"[\"'](\w+)[\"']\]$", name)):
        name = key[1]
    return re.sub(r"[\W_]+", "", name.rsplit(".", 1)[-1]).lower()


@cache
def meanings(name: str) -> tuple[NameMeaning, ...]:
    """All that a name may mean, the likeliest first."""
    if name in STATED:
        return (STATED[name],)
    short = compact(name)
    if not short:
        return ()
    found = []
    if name in ("N",):
        found.append(NameMeaning("count"))
    for kind, pattern in _PATTERNS:
        match = pattern.match(short)
        if match:
            found.append(NameMeaning(kind, _rank(match)))
    if name in _SPECIAL:
        found.append(_SPECIAL[name])
    if name[:1].isupper() and len(name) == 1:
        capital = {"D": "t", "T": "t", "Y": "t", "X": "x"}
        found.sort(key=lambda meaning: meaning.kind != capital.get(name, ""))
    return tuple(found)


def meaning(name: str) -> NameMeaning:
    """What a name means first of all."""
    return next(iter(meanings(name)), NameMeaning(""))


def as_kind(name: str, *kinds: str) -> NameMeaning | None:
    """What a name means, if it may be one of these kinds."""
    return next((found for found in meanings(name) if found.kind in kinds), None)


def _rank(match: re.Match[str]) -> float | None:
    groups = match.groupdict()
    if groups.get("digits"):
        return float(groups["digits"])
    if groups.get("first"):
        return 0.5
    return LAST if groups.get("last") else None


def ranked(names: list[str], *kinds: str) -> list[str]:
    """Names of one kind, or of one of several, in the order of their layers; those without a rank stay where they are, after the others."""
    ranks = {}
    for place, name in enumerate(names):
        found = as_kind(name, *kinds)
        ranks[name] = (found.rank if found is not None and found.rank is not None else LAST + 1, place)
    return sorted(names, key=lambda name: ranks[name])


FORWARD = re.compile(
    r"^fp$|forw|fwd|vorw|adelante|avant|propag|feed|predict|fprop|hypothesis|query|inference|(?<!back)(?<!back_)prop|think|activate|run|calc|output|net|model|pass",
    re.IGNORECASE,
)

BACKWARD = re.compile(
    r"^bp$|back|bwd|lern|apren|entren|apprend|entrain|rueck|ruck|atras|uchi|obuch|bprop|grad|deriv|nabla|loss|cost|train|learn|fit|update|step|descent|delta|sgd|optimi|epoch|retro|error",
    re.IGNORECASE,
)

UPDATE = re.compile(r"updat|step|optim|descent|apply|adjust|learn|sgd", re.IGNORECASE)

LOSS = re.compile(r"loss|cost|error|mse|entropy|objective|criterion|bce|nll|(?-i:^[EJ]$)", re.IGNORECASE)

INIT = re.compile(r"init|create|build|make|random|setup|new|get_?(?:params|weights)|generate", re.IGNORECASE)
"""What functions and methods are called that go forward, backward, change parameters, measure errors, or begin parameters."""


def backward_first(name: str) -> int:
    """Where a function stands among those that may be the backward pass: the likeliest have the lowest numbers."""
    order = ("back", "bwd", "bprop", "grad", "deriv", "loss", "cost", "train", "update", "learn", "fit", "step")
    return _likelihood(name, order, ("sigmoid", "relu", "tanh", "softmax", "activation", "check", "numerical", "linear_"))


def forward_first(name: str) -> int:
    """The same of the forward pass."""
    return _likelihood(name, ("forw", "fwd", "feed", "fprop", "prop", "predict", "model"), ("linear", "activation"))


def _likelihood(name: str, order: Sequence[str], parts: Sequence[str]) -> int:
    """The place of the first word in it; what is called as parts of a network are comes last."""
    name = name.lower()
    place = next((place for place, word in enumerate(order) if word in name), len(order))
    return place + 20 * any(word in name for word in parts)
