"""English."""

WORDS = {
    # Titles
    "title": "Back-propagation step by step: {name}",
    "title.network": "a {sizes} network",
    "title.step": ", step {number}",
    "later.title": "Step {number}",
    # Layers
    "layer.input": "input layer",
    "layer.hidden": "hidden layer",
    "layer.hidden_number": "hidden layer {number}",
    "layer.output": "output layer",
    # The network
    "network.title": "The network",
    "network.intro": "Layers with weights: {layers}. Numbers to be learned: {parameters}.",
    "network.layer": "layer",
    "network.units": "units",
    "network.activation": "activation",
    "network.parameters": "parameters",
    "network.shape": "shape",
    "network.alt": "A network of {sizes} units, drawn layer by layer.",
    "network.numbering.rows": "Weights are numbered unit by unit, in the order of the inputs; a column of a weight matrix leads into one unit.",
    "network.numbering.columns": "Weights are numbered unit by unit, in the order of the inputs; a row of a weight matrix leads into one unit.",
    "network.drawn": "{weight} was drawn from seed {seed}: {how}.",
    "initializer.constant": "{name}, every weight is {value}",
    "initializer.uniform": "{name}, uniformly between {low} and {high}, where {where}",
    "initializer.normal": "{name}, from a normal distribution with mean {mean} and standard deviation {deviation}, where {where}",
    "initializer.orthogonal": "{name}, a random orthogonal matrix times {gain}",
    "initializer.other": "{name}",
    "conventions": "Conventions: the error of one example is {outputs} its outputs; that of a batch is {batch} its examples, in the loss and "
    "in the gradient alike. Vectors are {vectors}. Numbers that are not printed whole are rounded to {digits} significant digits and follow ≈, except in tables.",
    "conventions.outputs.sum": "summed over",
    "conventions.outputs.mean": "the mean over",
    "conventions.batch.mean": "the mean over",
    "conventions.batch.sum": "the sum over",
    "conventions.rows": "rows",
    "conventions.columns": "columns",
    # The data
    "data.title": "The data",
    "data.one": "One sample: its inputs and its target.",
    "data.many": "{samples} samples: their inputs and their targets.",
    "data.sample": "sample",
    "data.more": "{left} more samples are in the batch.",
    "data.wide": "Each has {inputs} inputs and {outputs} targets, too many to print here; `-o step.json` writes every number.",
    # The forward pass
    "forward.title": "Forward pass",
    "forward.intro": "The inputs are multiplied by the weights, and the results are passed on to the next layer.",
    "forward.matrices": "In matrices",
    "forward.scalars": "In single numbers",
    "forward.scalars_of": "In single numbers, for sample {sample} of {samples}",
    "forward.more": "{left} more units are computed in the same way; `--weight` shows any one of them.",
    "functions.intro": "The activations and their derivatives:",
    # The error
    "error.title": "Error",
    "error.intro": "How far the prediction is from the target is measured by the loss ({loss}):",
    "expanded.title": "The prediction, written out in its weights",
    "expanded.intro": "The target is given and cannot change. To lower the error, the prediction has to change; and what it is made of are "
    "the inputs, which are given too, and the weights:",
    "expanded.outro": "So the question is how to change each weight so that the error falls. Back-propagation answers it.",
    # Gradient descent
    "descent.title": "Gradient descent and the update rule",
    "descent.intro": "The gradient says in which direction the error {error} rises when a weight grows, and how steeply. An optimiser takes a "
    "step the other way:",
    "descent.outro": "The learning rate is not learned: somebody chooses it. What a choice does is shown at the end.",
    # The chain rule
    "chain.title": "The chain rule, for every weight",
    "chain.intro": "Each factor is the derivative of one quantity by the next one on the way from the error back to the weight; a gradient is "
    "their product, summed over all ways there are.",
    "chain.recursive": "There are many ways from the error to a weight, and they share most of their steps. So each unit's derivative is "
    "computed once, from those behind it, and used for everything before it:",
    "chain.more": "{left} more follow in the same way; `--weight` shows any one of them.",
    "chain.shares": "What each sample brings",
    "chain.shares_intro": "The gradient of the batch is the sum of its samples' shares:",
    "chain.sample": "sample {sample}",
    "chain.penalty": "penalty",
    "chain.sum": "sum",
    "chain.more_samples": "{left} more samples are in the sum.",
    "theorem.softmax_cross_entropy": "Softmax and cross-entropy together have a short derivative: for each example the derivative of the loss "
    "by {z} is {result}, because the targets of an example add up to 1.",
    "theorem.sigmoid_binary_cross_entropy": "Sigmoid and binary cross-entropy together have a short derivative: for each example the "
    "derivative of the loss by {z} is {result}.",
    "theorem.proof": "The long way gives the same. For sample 1, as a sum over the derivatives by each output:",
    # Update formulas
    "formulas.title": "All update formulas",
    "formulas.intro": "With the gradients written out:",
    # Matrix form
    "matrix.title": "Back-propagation in matrices",
    "matrix.intro": "The same for all weights at once, from the error backwards:",
    "matrix.update": "And the updates:",
    # New weights
    "weights.title": "The new weights",
    "weights.intro": "All gradients were computed with the old weights; only now every weight is replaced.",
    "weights.more": "{left} more weights are updated in the same way; `--weight` shows any one of them.",
    "weights.matrices": "In matrices",
    "weights.frozen": "Left as they are, because the network says so: {names}.",
    # Second forward pass
    "second.title": "The second forward pass",
    "second.intro": "The same inputs with the new weights:",
    # Outcome
    "outcome.title": "What the step did to the error",
    "outcome.larger": "The error was {before} and is {after} now. It became about {factor} times larger: the step was too long.",
    "outcome.smaller": "The error was {before} and is {after} now. It became about {factor} times smaller.",
    "outcome.zero": "The error was {before} and is {after} now: there is nothing left to learn from this batch.",
    "outcome.same": "The error was {before} and is {after} now. Nothing changed.",
    "outcome.overflow": "The error was {before} and is {after} now: the numbers have left the range of floating point.",
    "rates.title": "Which learning rates lower it",
    "rates.lowers": "In this step every learning rate below about {limit} lowers the error.",
    "rates.all": "In this step every learning rate tried, up to {most}, lowers the error.",
    "rates.none": "No learning rate that was tried lowers the error.",
    "rates.single": "The one that lowers it most in a single step is about {rate}; it leaves an error of {error}.",
    "rates.converges": "Training converges up to a rate of about {limit}, found by simulating {steps} steps.",
    "rates.too_large": "The rate used here, {rate}, is too large: repeating the step will not bring the error to zero.",
    "rates.good": "A good rate for this start is {rate}: it brings the error below 10⁻¹² (to {error}) in {steps} steps.",
    "rates.good_so_far": "A good rate for this start is {rate}: of those simulated for {steps} steps it got lowest, to {error}.",
    # Repeating
    "repeat.title": "Repeating until the error is close to zero",
    "repeat.intro": "One step is not enough. Forward pass, back-propagation and update are repeated; each row shows the error before a step.",
    "repeat.given": "At the learning rate {rate}:",
    "repeat.slow": "At the learning rate {rate} it is slow:",
    "repeat.good": "At the learning rate {rate}:",
    "repeat.step": "step",
    "repeat.reached": "After {steps} steps the error is below 10⁻¹².",
    "repeat.not_reached": "After {steps} steps the error is still above 10⁻¹²; `chainrule explain --step` looks into any of them.",
    "repeat.overflow": "At step {step} the numbers leave every sensible range: this run diverges.",
    # Overview
    "overview.forward": "Each quantity is computed from those before it:",
    "overview.backward": "Each derivative is computed from those behind it, from the error backwards:",
    "overview.updates": "How far each parameter moved, compared with its size (Euclidean norms):",
    "overview.quantity": "quantity",
    "overview.shape": "shape",
    "overview.smallest": "smallest",
    "overview.mean": "mean",
    "overview.largest": "largest",
    "overview.norm": "norm",
    "overview.zeros": "zeros",
    "overview.moved": "moved by",
    "overview.share": "share",
    "left_out.title": "What was left out",
    "left_out.overview": "This is an overview: it shows none of the {parameters} parameters by itself. `--weight {weight}` works through one "
    "weight, `--detail matrix` shows the matrices, `-o step.json` writes every number.",
    "left_out.matrix": "Single numbers were left out. `--detail scalar` writes every weight's chain of derivatives, `--weight {weight}` that "
    "of one weight.",
    # One weight
    "weight.title": "The weight {weight}",
    "weight.update": "The update of {weight}",
    "weight.place": "{weight} leads from input {source} to unit {unit} of the {layer}.",
    "weight.bias": "{weight} is the bias of unit {unit} of the {layer}.",
    "weight.paths": "Ways from the error to it: {paths}. Each factor is the derivative of one quantity by the next:",
    "weight.recursive": "There are too many ways from the error to it to write them all. The derivative is computed step by step; where a sum "
    "runs over several units, the first ones are shown:",
    "weight.forward": "What it takes part in, for the first sample",
    "weight.update_intro": "With this gradient, the optimiser replaces {weight}:",
    # Formulas
    "if": "if",
    "otherwise": "otherwise",
    # Notes
    "note.insight": "Note",
    "note.warning": "Careful",
    "note.more": "Left out",
    # Stepping through
    "stepping": "section {number} of {count} · ← → to turn, Home and End, q to leave",
    "contents": "Contents",
}
