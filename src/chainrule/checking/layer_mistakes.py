"""The table of mistakes that people make when they write the backward pass of a single layer, from 101 on.

As in the table of networks, a mistake is another carrier of one edge. Most are the derivative of the same formula with something held,
sg(μ); these are formulas on the way forward (`layer_carriers`), and everything below follows by the ordinary rules. Others, that set
what is to be added or sum over other axes, are computed from the arrays (`layer_arrays`). A new row is its number, its ways, and who was
seen to make it; its name, its sign and its cure are texts of the catalogues, as "mistake.101".
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.base.frozen import Frozen
from chainrule.checking import layer_arrays as arrays
from chainrule.checking import layer_carriers as carriers
from chainrule.checking.layer_arrays import Candidates
from chainrule.checking.layer_carriers import cell, cell_slope, held_constant, times, with_slope, without_slope
from chainrule.checking.layer_probes import Carriers, LayerCase
from chainrule.checking.mistakes import NUMBERED, Mistake
from chainrule.formula import primitives as p
from chainrule.formula.stated import held


class Way(Frozen):
    """What somebody computes in place of a layer's right gradients.

    kinds     of layers where that may be
    written   as a formula, in no language: ∇[…] is the gradient of another one, sg(x) is x held
    carriers  what stands for named quantities on the way back; or
    computes  candidates for gradients, by the symbol of what they belong to, in the same order for every case
    """

    kinds: tuple[str, ...]
    written: str
    carriers: Carriers | None = None
    computes: Callable[[LayerCase], Candidates] | None = None

    def gradients(self, case: LayerCase) -> Candidates:
        """What it gives."""
        if self.computes is not None:
            return self.computes(case)
        return {symbol: (value,) for symbol, value in case.gradients(self.carriers).items()}


class LayerMistake(Frozen):
    """A row: the number, where it was seen, and the ways in which it is made. Numbers below 100 are those of the table of networks."""

    number: int
    source: str
    ways: tuple[Way, ...]


BATCH = ("batch_norm", "batch_norm_images")
NORMS = (*BATCH, "layer_norm", "group_norm", "instance_norm")
CONVOLUTIONS = ("conv", "conv_line")
WINDOWED = (*CONVOLUTIONS, "conv_transpose")
POOLS = ("max_pool", "average_pool")
SEQUENCES_OF_RNN, SEQUENCES_OF_LSTM = ("rnn", "rnn_from_zero"), ("lstm", "lstm_from_zero")
SEQUENCES = (*SEQUENCES_OF_RNN, *SEQUENCES_OF_LSTM, "gru")
RNN = ("rnn_step", *SEQUENCES_OF_RNN)
LSTM = ("lstm_step", "lstm_cell", *SEQUENCES_OF_LSTM)
GRU = ("gru_step", "gru_cell", "gru")
PROJECTIONS = ("multi_head", "multi_head_causal", "self_attention", "self_attention_causal")
ATTENTION = ("attention", "attention_one", "attention_causal", *PROJECTIONS)

_ELEMENTWISE = with_slope(lambda z, a: a * (1 - a))
_GATES = {"i": "i", "f": "f", "g": "g", "o": "o", "i, f, o": "ifo", "i, f, g, o": "ifgo"}
_RESETS = {"r": "r", "z": "z", "n": "n", "r, z": "rz", "r, z, n": "rzn"}
_USES = {"Q": "KV", "K": "QV", "V": "QK", "K, V": "Q", "Q, V": "K", "Q, K": "V"}
"""Of the three uses that a signal has in an attention, those that somebody has, and those that lack."""

LAYER_MISTAKES: tuple[LayerMistake, ...] = (
    LayerMistake(101, "deeplearning4j#8379", (
        Way(NORMS, "∇[γ ⊙ (x − sg(μ)) / √(sg(v) + ε) + β]", {"mu": held_constant, "v": held_constant}),
    )),
    LayerMistake(102, "abhiskk/ladder#2", (
        Way(NORMS, "∇[γ ⊙ (x − μ) / √(sg(v) + ε) + β]", {"v": held_constant}),
        Way(("rms_norm",), "∇[γ ⊙ x / √(sg(v) + ε)]", {"v": held_constant}),
    )),
    LayerMistake(103, "BVLC/caffe#1891", (Way(NORMS, "∇[γ ⊙ (x − sg(μ)) / √(v + ε) + β]", {"mu": held_constant}),)),
    LayerMistake(104, "denizyuret/Knet.jl#288", (Way((*NORMS, "rms_norm"), "∇[n + β]", computes=arrays.without_gamma),)),
    LayerMistake(105, "CS231n solutions", (Way((*NORMS, "rms_norm"), "Σ ∂E/∂y ⊙ n′, n′ ∈ {x, x − μ, y}", computes=arrays.other_factor),)),
    LayerMistake(106, "flagos-ai/FlagGems#59, AskyJx/xDeepLearning#1", (
        Way((*NORMS, "rms_norm"), "Σ′ ∂E/∂y ⊙ n, Σ′ ∂E/∂y, Σ′ ≠ Σ", computes=arrays.channel_sums),
        Way(NORMS, "(∂E/∂n − m₁′ − n ⊙ m₂′) / √(v + ε), m′ ≠ m", computes=arrays.other_axes),
    )),
    LayerMistake(107, "apache/mxnet#1053", (
        Way(NORMS, "(∂E/∂n − m₁′ − n ⊙ m₂′) / √(v + ε), m′ ∈ {m, M m, m / M}", computes=arrays.sums_for_means),
    )),
    LayerMistake(108, "AskyJx/xDeepLearning#1", (Way(NORMS, "∂E/∂v′ ≠ ∂E/∂v", computes=arrays.other_power),)),
    LayerMistake(109, "nntrainer#705", (Way(WINDOWED, "∇[x ⋆ rot180(W) + b]", {"y": carriers.back_unturned}),)),
    LayerMistake(110, "FluxML/NNlib.jl#518", (Way(WINDOWED, "rot180(∂E/∂W)", {"y": carriers.weights_turned}),)),
    LayerMistake(111, "Kulbear/deep-learning-coursera#34, pytorch#63314", (
        Way(WINDOWED, "Σ ∂E/∂zᵢⱼ ⊙ x[i : i + k, j : j + k]", computes=arrays.stride_forgotten),
    )),
    LayerMistake(112, "MrinmoiHossain/Deep-Learning-Specialization-Coursera#3", (
        Way(CONVOLUTIONS, "dx_pad[a : b, a : b], a ≠ p ∨ b ≠ H + p", computes=arrays.margin_kept),
    )),
    LayerMistake(113, "0809zheng/CS231n-assignment2019#19, FluxML/Flux.jl#1197", (
        Way(CONVOLUTIONS, "dx[i s : i s + k, j s : j s + k] = ∂E/∂zᵢⱼ ⊙ W", computes=arrays.overwritten_windows),
        Way(POOLS, "dx[i s : i s + k, j s : j s + k] = ∂E/∂yᵢⱼ ⊙ ∂yᵢⱼ/∂x", computes=arrays.overwritten_pools),
    )),
    LayerMistake(114, "snuspl/cruise#800", (Way(WINDOWED, "Σ′ ∂E/∂z, Σ′ ≠ Σ", computes=arrays.bias_sums),)),
    LayerMistake(115, "marsggbo/deeplearning.ai_JupyterNotebooks#6", (
        Way(("max_pool",), "∇[Σ x[i s : i s + k, j s : j s + k]]", {"y": carriers.to_all}),
        Way(("max_pool",), "∇[Σ x[i s : i s + k, j s : j s + k] / k²]", {"y": carriers.to_all_equally}),
    )),
    LayerMistake(116, "apache/mxnet#18563", ()),
    LayerMistake(117, "mlpack#2865, tracel-ai/burn#5604", (
        Way(("average_pool",), "∇[Σ x[i s : i s + k, j s : j s + k]]", {"y": times(lambda own: own.options["size"] ** 2)}),
        Way(("global_pool",), "∇[Σ x]", {"y": times(carriers.count_of_places)}),
    )),
    LayerMistake(41, "ddbourgin/numpy-ml#94", (Way(("dropout",), "∂E/∂y ⊙ M′, M′ ∈ {1, 1/(1 − p)}", computes=arrays.unmasked),)),
    LayerMistake(118, "NVIDIA/apex#816", (Way(("dropout",), "∂E/∂y ⊙ M′, M′ ∈ {[M > 0], M²}", computes=arrays.unscaled),)),
    LayerMistake(119, "HIPS/autograd#39, PaddlePaddle#17663", (
        Way(("embedding",), "dT[x] = ∂E/∂y", computes=arrays.overwritten_tokens),
    )),
    LayerMistake(120, "qixianbiao/RNN#2, ooples/AiDotNet#722", (
        Way(SEQUENCES, "∇[sg(h⟨t−1⟩)], t ≥ 1", {"h_on": held_constant, "c_on": held_constant}),
        Way(SEQUENCES, "∇[sg(h⟨t−1⟩)], t ≥ 2", {"h_on": carriers.through_time, "c_on": carriers.through_time}),
        *(
            Way(SEQUENCES_OF_LSTM, f"∇[sg({state}⟨t−1⟩)], t ≥ {first}", {f"{state}_on": carrier})
            for first, carrier in ((1, held_constant), (2, carriers.through_time))
            for state in "hc"
        ),
    )),
    LayerMistake(121, "arunmallya/arunmallya.github.io#3, mratsim/Arraymancer#237", (
        Way(SEQUENCES_OF_RNN, "∂E/∂W⟨1⟩", {"z": carriers.FIRST_STEP}),
        Way(SEQUENCES_OF_RNN, "∂E/∂W⟨T⟩", {"z": carriers.LAST_STEP}),
        Way(SEQUENCES_OF_LSTM, "∂E/∂W⟨1⟩", {"a": carriers.FIRST_STEP}),
        Way(SEQUENCES_OF_LSTM, "∂E/∂W⟨T⟩", {"a": carriers.LAST_STEP}),
        *(
            Way(("gru",), f"∂E/∂{letters}⟨{time}⟩", {f"{one}_on": carrier for one in letters if one in "WUb"})
            for time, carrier in (("1", carriers.KEPT_FIRST), ("T", carriers.KEPT_LAST))
            for letters in ("W, U, b", "W", "U", "b")
        ),
    )),
    LayerMistake(122, "Halfish/cs231n#4", (Way(SEQUENCES, "∇[h⟨T⟩]", computes=arrays.only_the_last),)),
    LayerMistake(123, "apache/mxnet#4057, cthorey/CS231#1", (
        Way(("lstm_step", "lstm_cell"), "∂E/∂c = o ⊙ (1 − tanh²(c)) ⊙ ∂E/∂h", computes=arrays.from_h_alone),
        Way(LSTM, "∇[h = o ⊙ sg(tanh(c))]", {"h": cell_slope(None)}),
    )),
    LayerMistake(124, "CaptainE/RNN-LSTM-in-numpy#1", (
        Way(LSTM, "∇[c = sg(f ⊙ c⟨t−1⟩) + i ⊙ g]", {"c": cell(lambda f, c: held(f * c))}),
        Way(LSTM, "∇[c = f ⊙ sg(c⟨t−1⟩) + i ⊙ g]", {"c": cell(lambda f, c: f * held(c))}),
        Way(LSTM, "∂E/∂c⟨t−1⟩ = ∂E/∂c", {"c": cell(lambda f, c: f * held(c) + c)}),
        Way(LSTM, "∇[c = sg(f) ⊙ c⟨t−1⟩ + i ⊙ g]", {"c": cell(lambda f, c: held(f) * c)}),
    )),
    LayerMistake(125, "CaptainE/RNN-LSTM-in-numpy#1, llSourcell/LSTM_Networks#4", tuple(
        Way(kinds, f"∇, ∂({written})/∂a = 1", dict.fromkeys(gates, without_slope))
        for kinds, names in ((LSTM, _GATES), (GRU, _RESETS), (("glu",), {"g": "g"}))
        for written, gates in names.items()
    )),
    LayerMistake(126, "hanbt/learn_dl#53", (
        Way(("lstm_step", *SEQUENCES_OF_LSTM), "∂E/∂(i, f, g, o)′, (i, f, g, o)′ ≠ (i, f, g, o)", computes=arrays.other_gates),
        Way(("gru_step", "gru"), "∂E/∂(r, z, n)′, (r, z, n)′ ≠ (r, z, n)", computes=arrays.other_gates),
    )),
    LayerMistake(127, "paiml/aprender#2203", (Way(ATTENTION, "∇[sg(A) v]", {"A": held_constant}),)),
    LayerMistake(128, "esceptico/perceiver-io#9", (
        Way(ATTENTION, "∇[S = q kᵀ]", {"S": times(carriers.root)}),
        Way(ATTENTION, "∇[S = q kᵀ / d]", {"S": times(lambda own: 1 / carriers.root(own))}),
        Way(ATTENTION, "∇[S = q kᵀ √d]", {"S": times(lambda own: carriers.root(own) ** 2)}),
    )),
    LayerMistake(129, "pjreddie/darknet#96, wkcn/mobula#3", (
        Way(("attention", "attention_one", "multi_head", "self_attention"), "∂E/∂S = ∂E/∂A", {"A": without_slope}),
        Way((*ATTENTION, "softmax_layer"), "∂E/∂S = A ⊙ ∂E/∂A", {"A": with_slope(lambda z, a: a)}),
    )),
    LayerMistake(29, "", (Way((*ATTENTION, "softmax_layer"), "∂E/∂S = A ⊙ (1 − A) ⊙ ∂E/∂A", {"A": _ELEMENTWISE}),)),
    LayerMistake(130, "ooples/AiDotNet.Tensors#49, huggingface/diffusers#14338", (
        Way(ATTENTION[:3], "∂E/∂q = ∂E/∂S q, ∂E/∂k = (∂E/∂S)ᵀ k", computes=arrays.interchanged),
        Way(ATTENTION[:3], "∂E/∂q = (∂E/∂S)ᵀ k, ∂E/∂k = ∂E/∂S q, ∂E/∂v = A ∂E/∂y", computes=arrays.products_untransposed),
    )),
    LayerMistake(131, "NVIDIA/Megatron-LM#6859", (
        Way(("rms_norm",), "γ ⊙ ∂E/∂y / r − γ′ ⊙ x ⊙ mean of (γ″ ⊙ ∂E/∂y ⊙ x) / r³", computes=arrays.gamma_twice),
    )),
    LayerMistake(132, "reczoo/FuxiCTR#30", (
        *(Way(PROJECTIONS[:2], f"d{one} = d{one}.reshape(N, T, H d)", {one: carriers.unturned_heads(f"{one}_flat")}) for one in "QKV"),
        Way(PROJECTIONS[:2], "dQ, dK, dV = ….reshape(N, T, H d)", {one: carriers.unturned_heads(f"{one}_flat") for one in "QKV"}),
        Way(PROJECTIONS[:2], "dC.reshape(N, H, T, d)", {"C": carriers.unturned_heads("F")}),
    )),
    LayerMistake(133, "unslothai/unsloth#3314", (Way(("glu",), "∂E/∂(x, g) = ∂E/∂(g, x)", computes=arrays.halves_interchanged),)),
    LayerMistake(134, "tenstorrent/tt-metal#53204", (
        Way(NORMS, "(∂E/∂n − k₁ m₁ − k₂ n ⊙ m₂) / √(v + ε), k ∈ {1, 2}", computes=arrays.twice_the_mean),
    )),
    LayerMistake(135, "Oneflow-Inc/oneflow#6149", (
        Way(NORMS, "∂E/∂(γ, β) = ∂E/∂(β, γ)", computes=arrays.scale_and_shift_interchanged),
    )),
    LayerMistake(136, "sebgao/cTensor#3, Oneflow-Inc/oneflow#255", (
        Way(WINDOWED, "∂E/∂W / k, ∂E/∂b / k, k ∈ {H′ W′, N H′ W′}", computes=arrays.means_over_places),
    )),
    LayerMistake(137, "fla-org/flash-linear-attention#1071", (
        *(
            Way(GRU, f"∂E/∂{letters} = … δₙ in place of … r ⊙ δₙ", {"n": carriers.weights_without_reset(shift=shift)})
            for letters, shift in (("U", False), ("(U, d)", True))
        ),
        Way(GRU, "∂E/∂(r ⊙ a) = ∂E/∂a", {"k": carriers.reset_left_out}),
    )),
    LayerMistake(138, "riccardoandreoni0/CNN-from-scratch#1", (
        Way(POOLS, "dx of the first window", computes=arrays.first_window_alone),
    )),
    LayerMistake(1, "", (Way(("dense", *WINDOWED), "δ · (W − η ∂E/∂W)ᵀ", computes=arrays.after_the_step),)),
    LayerMistake(36, "", (
        Way(CONVOLUTIONS, "dW = ∂E/∂zᵢⱼ ⊙ x[…], db = ∂E/∂zᵢⱼ", computes=arrays.last_only),
        *(
            Way(PROJECTIONS, f"∂E/∂x = ∂E/∂({kept}) ∂({kept})/∂x", {f"{one}_flat": carriers.unfed(one) for one in lacking})
            for kept, lacking in _USES.items()
        ),
        Way(GRU, "∇[h⟨t⟩ = … + s ⊙ sg(h⟨t−1⟩)]", {"o": carriers.second_held}),
        Way(GRU, "∇[h⟨t⟩ = … + sg(s) ⊙ h⟨t−1⟩]", {"o": carriers.first_held}),
        Way(GRU, "∇[n = tanh(… sg(r) ⊙ …)]", {"k": carriers.first_held}),
        Way(GRU, "∇[n = tanh(… r ⊙ sg(…))]", {"k": carriers.second_held}),
    )),
    LayerMistake(2, "", (
        Way(RNN, "∂E/∂z = ∂E/∂h", {"h": without_slope}),
        Way(("sigmoid_layer", "tanh_layer"), "∂E/∂y", {"y": without_slope}),
        Way(LSTM, "∂E/∂c = o ⊙ ∂E/∂h", {"h": cell_slope(lambda c: 0 * c + 1)}),
    )),
    LayerMistake(4, "", (
        Way(RNN, "∂E/∂h ⊙ (1 − tanh²(h))", {"h": with_slope(lambda z, h: 1 - p.tanh(h) ** 2)}),
        Way(("tanh_layer",), "∂E/∂y ⊙ (1 − tanh²(y))", {"y": with_slope(lambda z, y: 1 - p.tanh(y) ** 2)}),
        Way(("sigmoid_layer",), "∂E/∂y ⊙ σ(y) (1 − σ(y))", {"y": with_slope(lambda z, y: p.sigmoid(y) * (1 - p.sigmoid(y)))}),
    )),
    LayerMistake(5, "", (
        Way(RNN, "∂E/∂h ⊙ (1 − z²)", {"h": with_slope(lambda z, h: 1 - z**2)}),
        Way(("tanh_layer",), "∂E/∂y ⊙ (1 − x²)", {"y": with_slope(lambda z, y: 1 - z**2)}),
        Way(("sigmoid_layer",), "∂E/∂y ⊙ x (1 − x)", {"y": with_slope(lambda z, y: z * (1 - z))}),
        Way(LSTM, "∂E/∂c = o ⊙ (1 − c²) ⊙ ∂E/∂h", {"h": cell_slope(lambda c: 1 - c**2)}),
    )),
    LayerMistake(6, "", (
        Way(RNN, "∂E/∂h ⊙ (1 + h²)", {"h": with_slope(lambda z, h: 1 + h**2)}),
        Way(RNN, "∂E/∂h ⊙ (1 − h)", {"h": with_slope(lambda z, h: 1 - h)}),
        Way(RNN, "∂E/∂h ⊙ h (1 − h)", {"h": with_slope(lambda z, h: h * (1 - h))}),
        Way(("sigmoid_layer", "tanh_layer"), "∂E/∂y ⊙ (1 − y)", {"y": with_slope(lambda z, y: 1 - y)}),
        Way(("sigmoid_layer",), "∂E/∂y ⊙ (1 − y²)", {"y": with_slope(lambda z, y: 1 - y**2)}),
        Way(("tanh_layer",), "∂E/∂y ⊙ y (1 − y)", {"y": with_slope(lambda z, y: y * (1 - y))}),
        Way(LSTM, "∂E/∂c = o ⊙ (1 − tanh(c)) ⊙ ∂E/∂h", {"h": cell_slope(lambda c: 1 - p.tanh(c))}),
    )),
    LayerMistake(15, "", (
        Way(("rnn_step",), "δ · U, δ · W", computes=arrays.untransposed),
        Way(("dense",), "δ · W", computes=arrays.untransposed_dense),
    )),
    LayerMistake(16, "", (Way(("dense",), "δᵀ · x", computes=arrays.dense_transposed),)),
    LayerMistake(7, "", (
        Way(("relu_layer",), "∂E/∂y ⊙ x", {"y": lambda e, own, time: held(own.letters["x"]) * own.letters["x"]}),
        Way(("relu_layer",), "∂E/∂y ⊙ y", {"y": lambda e, own, time: held(e) * own.letters["x"]}),
        Way(("relu_layer",), "∂E/∂y", {"y": lambda e, own, time: own.letters["x"]}),
    )),
    LayerMistake(52, "", (Way(("relu_layer",), "∂E/∂y ⊙ [∂E/∂y > 0]", computes=arrays.cut_gradient),)),
    LayerMistake(17, "", (Way(("rnn_step",), "h⟨t⟩ᵀ · δ", computes=arrays.other_state),)),
    LayerMistake(22, "", (
        Way(("rnn_step",), "Σ′ δ, Σ′ ≠ Σ", computes=arrays.step_bias),
        Way(("dense",), "Σ′ δ, Σ′ ≠ Σ", computes=arrays.bias_sums),
    )),
)  # fmt: skip
"""The table. Of those below 100, names and sources are in the table of networks, but for 41, which is of dropout."""

EVERY_MISTAKE: dict[int, Mistake] = {
    **{row.number: Mistake(row.number, "G", row.source) for row in LAYER_MISTAKES if row.source},
    **NUMBERED,
}
"""Every mistake that can be named, by its number."""
