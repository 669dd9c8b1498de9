"""Programs that are another one but for a line or two, where somebody has made a mistake: which, and what stands in place of what."""

from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"

VARIANTS: dict[str, tuple[str, dict[str, str]]] = {
    "adam_wrong_tanh.py": ("adam_function.py", {'d1 = (d2 @ params["W2"].T) * (1 - a ** 2)': 'd1 = (d2 @ params["W2"].T) * (1 + a ** 2)'}),
    "bce_slope_again.py": ("bce_loop.py", {"dZ2 = A2 - y": "dZ2 = (A2 - y) * A2 * (1 - A2)"}),
    "class_softmax_axis.py": (
        "class_gradients.py",
        {
            "ez = np.exp(self.z2 - np.max(self.z2, axis=1, keepdims=True))": "ez = np.exp(self.z2 - np.max(self.z2))",
            "self.p = ez / np.sum(ez, axis=1, keepdims=True)": "self.p = ez / np.sum(ez, axis=0)",
        },
    ),
    "class_strange.py": ("class_gradients.py", {"d1 = d2 @ self.W2.T": "d1 = d2 @ self.W2.T * self.p.max()"}),
    "class_without_slope.py": ("class_without_bias.py", {"self.d1 = self.e1*self.s_slope(self.h)": "self.d1 = self.e1"}),
    "column_class_raw_error.py": ("column_class.py", {"back = self.w_ho.T.dot(delta)": "back = self.w_ho.T.dot(miss)"}),
    "column_class_updated_first.py": (
        "column_class.py",
        {
            "delta = miss * y * (1 - y)": "delta = miss * y * (1 - y)\n        self.w_ho += self.rate * delta.dot(hidden.T)",
            "back = self.w_ho.T.dot(delta)\n        self.w_ho += self.rate * delta.dot(hidden.T)": "back = self.w_ho.T.dot(delta)",
        },
    ),
    "deep_mean_twice.py": ("deep_caches.py", {"dA = W.T @ dZ": "dA = W.T @ dZ / m"}),
    "dict_columns_no_slope.py": ("dict_columns.py", {"dZ1 = W2.T @ dZ2 * (1 - A1 * A1)": "dZ1 = W2.T @ dZ2"}),
    "eight_scalars_one_path.py": (
        "eight_scalars.py",
        {"g1 = (w5*e1 + w7*e2)*h1*(1 - h1)": "g1 = (w5*e1)*h1*(1 - h1)", "g2 = (w6*e1 + w8*e2)*h2*(1 - h2)": "g2 = (w6*e1)*h2*(1 - h2)"},
    ),
    "grad_list_square.py": (
        "grad_list.py",
        {"delta = (delta @ weights[i].T) * (1 - activations[i] ** 2)": "delta = delta @ weights[i].T * (1 - activations[i])**2"},
    ),
    "jax_custom_slope.py": ("jax_custom.py", {"return (g * s * (1 - s),)": "return (g * (1 - s * s),)"}),
    "l2_left_out.py": (
        "l2_columns.py",
        {
            "dW2 = np.dot(dZ2, A1.T) / m + lambd / m * W2": "dW2 = np.dot(dZ2, A1.T) / m",
            "dW1 = np.dot(dZ1, X.T) / m + lambd / m * W1": "dW1 = np.dot(dZ1, X.T) / m",
        },
    ),
    "l2_not_divided.py": (
        "l2_columns.py",
        {
            "dW2 = np.dot(dZ2, A1.T) / m + lambd / m * W2": "dW2 = np.dot(dZ2, A1.T) / m + lambd * W2",
            "dW1 = np.dot(dZ1, X.T) / m + lambd / m * W1": "dW1 = np.dot(dZ1, X.T) / m + lambd * W1",
        },
    ),
    "layer_objects_relu_is_x.py": (
        "layer_objects.py",
        {"self.d_inputs = d_output * (self.inputs > 0)": "self.d_inputs = d_output * self.inputs"},
    ),
    "layers_in_network_prime.py": (
        "layers_in_network.py",
        {"def slope_of_tanh(z): return 1 / np.cosh(z) ** 2": "def slope_of_tanh(z): return 1 - z ** 2"},
    ),
    "layers_only_mask.py": ("layers_only.py", {"return g * self.on": "return g * (self.on >= 0)"}),
    "layers_updated_first.py": (
        "layers_with_rate.py",
        {"def backward(self, dy, rate):\n        dx = self.W.T @ dy": "def backward(self, dy, rate):", "return dx": "return self.W.T @ dy"},
    ),
    "lists_overwritten.py": (
        "lists_of_neurons.py",
        {'blame += above["weights"][place] * above["delta"]': 'blame = above["weights"][place] * above["delta"]'},
    ),
    "logistic_slope_again.py": ("logistic_regression.py", {"dw = X @ dz.T / n": "dw = X @ (dz * A * (1 - A)).T / n"}),
    "loops_one_path.py": (
        "loops_momentum.py",
        {
            (
                "back = 0.0\n            for k in range(len(d_out)):\n                back += self.w_out[j][k] * d_out[k]"
            ): "back = self.w_out[j][0] * d_out[0]",
            "print('E = %.4f' % E)": "print 'E = %.4f' % E",
        },
    ),
    "loss_beside.py": ("loss_beside_right.py", {"d2 = (Y - T) / len(X)": "d2 = (Y - T) * Y * (1 - Y) / len(X)"}),
    "neuron_bias_in_loop.py": ("neuron_objects.py", {"n.bias -= lr * n.delta": "    n.bias -= lr * n.delta"}),
    "neurons_as_vectors_updated_first.py": (
        "neurons_as_vectors.py",
        {
            "d_y = [(yk - tk) * yk * (1 - yk) for yk, tk in zip(y, t)]": (
                "d_y = [(yk - tk) * yk * (1 - yk) for yk, tk in zip(y, t)]\n    move(network[-1], h, d_y, rate)"
            ),
            (
                "d_h = [e * hj * (1 - hj) for e, hj in zip(back, h)]\n    move(network[-1], h, d_y, rate)"
            ): "d_h = [e * hj * (1 - hj) for e, hj in zip(back, h)]",
        },
    ),
    "numeric_half.py": ("numeric_both_sides.py", {"x[idx] = tmp - h": "x[idx] = tmp"}),
    "params_class_no_mean.py": ("params_class.py", {"d2[rows, y] -= 1\n    d2 /= count": "d2[rows, y] -= 1"}),
    "params_class_no_relu.py": (
        "params_class.py",
        {"d1 = np.where(hidden > 0, d1, 0)": "# d1 = np.where(hidden > 0, d1, 0)    ??? works without"},
    ),
    "pictures_bias_one_number.py": (
        "pictures_functions.py",
        {
            "db2 = np.sum(d2, 1, keepdims=True) / n": "db2 = np.sum(d2) / n",
            "db1 = np.sum(d1, 1, keepdims=True) / n": "db1 = np.sum(d1) / n",
        },
    ),
    "python2_slope_and_h.py": (
        "python2_learns.py",
        {"dh.append(e * self.ah[j] * (1 - self.ah[j]))": "dh.append(e * self.ah[j] * (1 - self.ah[j]) * self.ah[j])"},
    ),
    "rows_bias_averaged.py": ("backprop_rows_function.py", {"db2 = dy.sum(0)": "db2 = dy.mean(0)", "db1 = dz.sum(0)": "db1 = dz.mean(0)"}),
    "rows_bias_not_summed.py": ("backprop_rows_function.py", {"db2 = dy.sum(0)": "db2 = dy", "db1 = dz.sum(0)": "db1 = dz"}),
    "rows_dw_transposed.py": ("backprop_rows_function.py", {"dW1 = x.T @ dz": "dW1 = dz.T @ x"}),
    "rows_prime_of_z.py": (
        "backprop_rows_function.py",
        {
            "def backward(x, y, h, y_hat, W2):": "def backward(x, y, h, y_hat, W1, b1, W2):",
            "dz = (dy @ W2.T) * dtanh(h)": "dz = dy @ W2.T * dtanh(x @ W1 + b1)",
        },
    ),
    "rows_three_layers_z_for_a.py": ("rows_three_layers.py", {"dW2 = a1.T @ dz2": "dW2 = z1.T @ dz2"}),
    "russian_raw_error.py": (
        "russian_class.py",
        {"delta_hid = self.W.T.dot(delta_out) * self.h * (1 - self.h)": "delta_hid = self.W.T.dot(d - y) * self.h * (1 - self.h)"},
    ),
    "samples_in_class_z.py": (
        "samples_in_class.py",
        {"(miss @ self.w_out.T)*df(self.mid)": "(miss @ self.w_out.T)*df(self.x @ self.w_in)"},
    ),
    "shared_scalars_last.py": ("shared_scalars.py", {"b1 -= lr*(e1 + e2)": "b1 -= lr*e2"}),
    "shuffled_before.py": (
        "shuffled_by_one_seed.py",
        {"\nstate = np.random.get_state()": "", "np.random.shuffle(X)\nnp.random.set_state(state)": "np.random.shuffle(X)"},
    ),
    "six_scalars_raw_error.py": (
        "six_scalars.py",
        {"dy_dh1 = self.w5 * s_slope(z3)": "dy_dh1 = self.w5", "dy_dh2 = self.w6 * s_slope(z3)": "dy_dh2 = self.w6"},
    ),
    "spanish_raw_error.py": ("spanish_loop.py", {"dA1 = dZ2 @ W2.T": "dA1 = dA2 @ W2.T"}),
    "spanish_upstream_dropped.py": ("spanish_loop.py", {"dZ1 = dA1 * A1 * (1 - A1)": "dZ1 = A1 * (1 - A1)"}),
    "switches_bias_frozen.py": (
        "switches_right.py",
        {
            (
                "hidden_w += lr * np.dot(inputs.T, hidden_delta)\n"
                "\toutput_b += lr * output_delta.sum(axis=0)\n"
                "\thidden_b += lr * hidden_delta.sum(axis=0)"
            ): "hidden_w += lr * np.dot(inputs.T, hidden_delta)  # each bias stays as it was drawn"
        },
    ),
    "switches_bias_left.py": (
        "switches_right.py",
        {
            "\toutput_b += lr * output_delta.sum(axis=0)\n": "",
            "\thidden_b += lr * hidden_delta.sum(axis=0)": "",
        },
    ),
    "switches_sign.py": (
        "switches_right.py",
        {"output_delta = (targets - output) * act_slope(output)": "output_delta = (output - targets) * act_slope(output)"},
    ),
    "switches_updated_first.py": (
        "switches_right.py",
        {
            (
                "output_delta = (targets - output) * act_slope(output)\n"
                "\thidden_error = np.dot(output_delta, output_w.T)\n"
                "\thidden_delta = hidden_error * act_slope(hidden)"
            ): "output_delta = (targets - output) * act_slope(output)",
            "output_w += lr * np.dot(hidden.T, output_delta)": (
                "output_w += lr * np.dot(hidden.T, output_delta)\n"
                "\thidden_error = np.dot(output_delta, output_w.T)\n"
                "\thidden_delta = hidden_error * act_slope(hidden)"
            ),
        },
    ),
    "train_bias_one_number.py": (
        "train_all_in_one.py",
        {"db2 = dyhat.sum(axis=0)": "db2 = dyhat.sum()", "db1 = dz1.sum(axis=0)": "db1 = dz1.sum()"},
    ),
    "while_sigmoid_for_tanh.py": (
        "while_error.py",
        {"g_hid = np.dot(g_out, w_output.T) * (1 - hidden ** 2)": "g_hid = np.dot(g_out, w_output.T) * hidden * (1 - hidden)"},
    ),
}


def program(name: str, folder: Path) -> Path:
    """The file of a program; one of `VARIANTS` is written into the folder."""
    if name not in VARIANTS:
        return PROGRAMS / name
    base, edits = VARIANTS[name]
    text = (PROGRAMS / base).read_text("utf-8")
    for old, new in edits.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, "utf-8")
    return path
