"""What people call the arrays of layers: of each layer, its inputs and parameters by symbol, each with a pattern of their names."""

X = r"x|x_?in|inputs?|inp|data|a_?prev|prev|a|z|features|images?|imgs?|batch"
SCALE = {"x": X, "gamma": r"gamma|g|gains?|scale|weights?", "shift": r"beta|shift|b|bias|offset"}
WEIGHTED = {"x": X, "W": r"w|weights?|filters?|kernels?|f|k", "b": r"b|bias|biases"}
STATE = r"h0|h_?0|a0|h|h_?prev|prev_?h|a_?prev|h_?previous|hidden|h_?in|init_?h"
RECURRENT = {
    "x": r"x|xt|x_?t|xs|inputs?",
    "h": STATE,
    "W": r"w_?x|w_?ax|w_?xh|wxh|w_?ih|w|weights?_?(?:x|xh|ih)",
    "U": r"w_?h|w_?aa|w_?hh|whh|u|weights?_?(?:h|hh)",
    "b": r"b|b_?a|b_?h|bias",
}
FROM_ZERO = {key: RECURRENT[key] for key in ("x", "W", "U", "b")}
LONG = {"x": RECURRENT["x"], "h": STATE, "c": r"c0|c|c_?prev|prev_?c|cell", **{key: RECURRENT[key] for key in ("W", "U", "b")}}
TOKENS = {"x": X + r"|idx|indices|index|tokens?|ids|words", "T": r"w|table|t|embed\w*|weights?"}
GATE_NAMES = {"r": r"r|reset", "z": r"z|u|update", "n": r"n|h|c|g|hat|cand\w*|h_?hat|h_?tilde|new"}
"""What people call the gates of a GRU: reset, update, and what is new; matrices of a gate are Wz and Uz, or Wxz and Whz."""

RESET = {
    "x": RECURRENT["x"],
    "h": STATE,
    **{
        f"{letter}{gate}": pattern
        for gate, names in GATE_NAMES.items()
        for letter, pattern in (
            ("W", rf"w_?(?:x|i)_?(?:{names})|w_?(?:{names})_?x|w_?(?:{names})"),
            ("U", rf"w_?h_?(?:{names})|w_?(?:{names})_?h|[ur]_?(?:{names})"),
            ("b", rf"b_?(?:{names})"),
        )
    },
}
PROJECTED = {
    f"{letter}{one}": rf"{sign}_?{names}|{names}_?{sign}|{names}\w*?_{sign}|{names}_?proj\w*_{sign}"
    for letter, sign in (("W", r"w(?:eights?)?"), ("b", r"b(?:ias)?"))
    for one, names in (("Q", r"q(?:uery)?"), ("K", r"k(?:ey)?"), ("V", r"v(?:alue)?"), ("O", r"(?:o(?:ut(?:put)?)?|c)"))
}
MEMORY = r"m|mem|memory|context|ctx|enc\w*|kv|source|src|y"
ATTENDED = {"q": r"q|query|queries|qs?", "k": r"k|keys?|ks", "v": r"v|values?|vs"}
