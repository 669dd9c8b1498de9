"""What is to be found in each of the programs: said by who wrote it, before anything read it."""

RIGHT = (
    *("adam_function.py", "backprop_rows_function.py", "batch_class.py", "bce_loop.py", "class_gradients.py", "class_without_bias.py"),
    *("column_class.py", "deep_caches.py", "dict_columns.py", "eight_scalars.py", "french_class.py", "func_global.py"),
    *("grads_like_x.py", "l2_columns.py", "numeric_both_sides.py", "engine.py"),
    *("function_owns_loop.py", "grad_list.py", "header_needed.py", "layer_objects.py", "layers_in_network.py", "layers_only.py"),
    *("layers_with_rate.py", "linear_regression_loop.py", "lists_of_neurons.py", "logistic_regression.py", "loops_momentum.py"),
    *("mini_batches.py", "model_any_depth.py", "momentum_class.py", "neuron_objects.py", "neurons_as_vectors.py", "notebook.ipynb"),
    *("one_neuron.py", "one_neuron_no_slope.py", "one_sample_softmax.py", "params_class.py", "pictures_functions.py"),
    *(
        "polynomial_german.py",
        "rows_script_relu.py",
        "rows_three_layers.py",
        "russian_class.py",
        "shuffled_by_one_seed.py",
        "samples_in_class.py",
    ),
    *("seed.md", "short_loop.py", "six_scalars.py", "spanish_loop.py", "switches_right.py", "theta_matrices.py", "torch_functions.py"),
    *("train_all_in_one.py", "vector_weights.py", "while_error.py"),
)
"""Right, perhaps by a convention of their own. one_neuron_no_slope: without a loss, ŷ − t behind a sigmoid is cross-entropy's."""

RIGHT += (
    *("abstract_layers.py", "add_and_fit.py", "argparse_main.py", "batch_generator.py", "chinese_functions.py", "closures.py"),
    *("dataclass_hints.py", "descent_function.py", "einsum_softmax.py", "fit_expression.py", "german_free.py", "hindi_script.py"),
    *("iris_sklearn.py", "java_habits.py", "key_w.py", "lambdas_table.py", "leaky_deep.py", "literal_count.py", "matrix_star.py"),
    *("mean_all.py", "modules_called.py", "namedtuple_net.py", "notebook_magics.ipynb", "numbered_dicts.py", "ones_column.py"),
    *("optimizer_object.py", "pandas_houses.py", "plain_lists_matrices.py", "points_angles.py", "portuguese_class.py"),
    *("prints_everywhere.py", "python2_prints.py", "recursive_back.py", "russian_points.py", "scalars_by_place.py"),
    *("tuple_params.py", "unnamed_forward.py", "torch_module.py", "torch_tensors.py", "jax_custom.py", "jax_gradients.py"),
)
"""Other habits: types, dataclasses, closures, einsum, np.matrix, matrices of lists, generators, tables, free names in six languages."""

RIGHT += (
    *("columns_each_sample.py", "estimator.py", "globals_polish.py", "half_cells.ipynb", "matlab_habits.py", "pytree.py"),
    *("shared_functions.py", "shared_scalars.py", "tensor_engine.py", "turkish_adam.py", "zero_kara.py"),
    *("gradient_check.py", "checked_at_a_kink.py", "unrolled_theta.py", "unrolled_matlab.py"),
    *(
        "switches_bias_frozen.py",
        "grads_by_place.py",
        "grads_unnamed.py",
        "backprop_updates.py",
        "absolute_error.py",
        "german_lists_counted.py",
    ),
    *("leaky_by_numbers.py", "propagate.py", "until_rmse.py", "dict_called_p.py"),
    *("list_renewed.py", "pairs_renewed.py"),
    *("momentum_of_shares.py", "momentum_of_nesterov.py"),
)
"""Biases that units share, layers that share their arrays with a dict, weights that fit() begins, `from numpy import *`, a tape; checks of
their own, and one vector of all parameters.
"""

RIGHT += (
    *("deep_l2_columns.py", "einsum_units_first.py", "japanese_class.py", "lists_only.py", "minus_inside.py", "moons_batches.py"),
    *("clipped.py", "python2_learns.py", "loss_beside_right.py"),
)
"""Three layers with a penalty, a minus inside of the product, a method that trains and calls the others, gradients that are clipped."""

RIGHT += (
    *("adam_arguments.py", "adam_object.py", "dataclass_unbegun.py", "momentum_added.py", "namedtuple_typed.py", "namedtuple_unbegun.py"),
    *("torch_own_g.py", "torch_three.py", "torch_trained.py"),
)
"""Parameters that nothing in the file begins; momenta and corrections that are arguments or are kept; several functions of PyTorch."""

WRONG = {
    "fails_unless_equal.py": (15, "d2 @ W2"),
    "slope_of_another_layer.py": (51, "d2@W2.T*h2*(1-h2)"),
    "penalty_in_a_global.py": (37, ""),
    "loss_beside.py": (28, "(Y - T) * Y * (1 - Y) / len(X)"),
    "columns_two_slips.py": (23, "np.sum(dZ2, axis=1, keepdims=True)"),
    "french_two_slips.py": (23, "delta_sortie.mean(axis=0, keepdims=True)"),
    "pairs_of_closures.py": (4, "g * (1 - np.tanh(h) ** 2)"),
    "tape_bias_mean.py": (23, "g.mean(axis=0)"),
    "adam_forgets_correction.py": (40, "params[k] -= lr * m[k] / (np.sqrt(v[k]) + eps)"),
    "adam_wrong_tanh.py": (6, '(d2 @ params["W2"].T) * (1 + a ** 2)'),
    "batch_class_prime_of_a.py": (4, "self.weights[l].T @ delta * squash_slope(activations[l])"),
    "bce_slope_again.py": (28, "(A2 - y) * A2 * (1 - A2)"),
    "class_softmax_axis.py": (31, "ez / np.sum(ez, axis=0)"),
    "class_without_slope.py": (2, "np.dot(self.d2, self.W2.T)"),
    "column_class_raw_error.py": (49, "self.w_ho.T.dot(miss)"),
    "column_class_updated_first.py": (1, "self.w_ho.T.dot(delta)"),
    "deep_mean_twice.py": (13, ""),
    "dict_columns_no_slope.py": (2, "W2.T @ dZ2"),
    "dict_columns_slope.py": (6, "W2.T @ dZ2 * (1 - A1)"),
    "eight_scalars_one_path.py": (20, "w5*e1"),
    "engine_no_order.py": (36, ""),
    "engine_not_reset.py": (35, "loss.backward()"),
    "engine_overwritten.py": (36, "self.grad = out.grad"),
    "grad_list_square.py": (6, "delta @ weights[i].T * (1 - activations[i])**2"),
    "history_in_class.py": (42, "self.verlauf.append(self.w)"),
    "history_of_one_array.py": (42, "ws.append(w)"),
    "integer_weights.py": (34, "w = np.array([[1], [2], [1]])"),
    "jax_custom_slope.py": (6, "g * (1 - s * s)"),
    "l2_left_out.py": (37, "np.dot(dZ2, A1.T) / m"),
    "l2_not_divided.py": (37, "np.dot(dZ2, A1.T) / m + lambd * W2"),
    "layer_objects_relu_is_x.py": (7, "d_output * self.inputs"),
    "layers_in_network_prime.py": (5, "error * self.f_slope(self.z)"),
    "layers_only_mask.py": (7, ""),
    "layers_updated_first.py": (1, "self.W.T @ dy"),
    "lists_overwritten.py": (36, 'above["weights"][place] * above["delta"]'),
    "logistic_slope_again.py": (28, "X @ (dz * A * (1 - A)).T / n"),
    "loops_one_path.py": (20, "self.w_out[j][0] * d_out[0]"),
    "neuron_bias_in_loop.py": (26, ""),
    "neurons_as_vectors_updated_first.py": (1, "[product(d_y, [neuron[j] for neuron in network[-1]]) for j in range(len(h))]"),
    "notebook_slope.ipynb": (4, "dh * (1 - np.tanh(self.h)**2)"),
    "numeric_float32.py": (48, "numerical_gradient"),
    "numeric_half.py": (48, "numerical_gradient"),
    "old_is_the_same.py": (42, "prev_W = W"),
    "params_class_no_mean.py": (12, ""),
    "params_class_no_relu.py": (2, "d2.dot(W2.T)"),
    "pictures_bias_one_number.py": (22, "np.sum(d2)"),
    "popped_no_slope.py": (2, "self.weights[len(kept)].T @ delta"),
    "rows_bias_averaged.py": (23, "dy.mean(0)"),
    "rows_bias_not_summed.py": (21, "db2 = dy"),
    "rows_dw_transposed.py": (16, "dz.T @ x"),
    "rows_prime_of_z.py": (5, "dy @ W2.T * dtanh(x @ W1 + b1)"),
    "rows_three_layers_z_for_a.py": (17, "z1.T @ dz2"),
    "russian_raw_error.py": (49, "self.W.T.dot(d - y)"),
    "samples_in_class_z.py": (5, "(miss @ self.w_out.T)*df(self.x @ self.w_in)"),
    "shuffled_apart.py": (38, "y = y[np.random.permutation(len(y))]"),
    "shuffled_before.py": (38, "np.random.shuffle(y)"),
    "shuffled_function.py": (38, "Y = rng.permutation(Y)"),
    "shared_scalars_last.py": (36, ""),
    "short_loop_z.py": (5, "dy.dot(w1.T)*(x.dot(w0)*(1-x.dot(w0)))"),
    "six_scalars_raw_error.py": (49, ""),
    "spanish_raw_error.py": (49, "dA2 @ W2.T"),
    "spanish_upstream_dropped.py": (8, "A1 * (1 - A1)"),
    "switches_sign.py": (9, "output - targets"),
    "switches_updated_first.py": (1, "np.dot(output_delta, output_w.T)"),
    "toy_class.py": (49, "self.w_out.T @ wrong"),
    "torch_sigmoid.py": (5, "grad_output * z * (1 - z)"),
    "train_bias_one_number.py": (22, "dyhat.sum()"),
    "while_sigmoid_for_tanh.py": (6, "np.dot(g_out, w_output.T) * hidden * (1 - hidden)"),
}
"""The mistake of the table that each makes, and the very expression, where one is to be named."""

CAUTIONS = {
    "bce_loop.py": (32, "np.log(1-A2)"),
    "checked_at_a_kink.py": (48, "self.z1"),
    "deep_caches.py": (32, "(1 - Y) / (1 - AL)"),
    "grads_like_x.py": (34, "h.T @ delta2"),
    "layer_objects.py": (32, "np.log(picked)"),
    "neuron_objects.py": (50, ""),
    "pictures_functions.py": (31, "np.exp(Z)"),
    "theta_matrices.py": (32, "np.log(1 - A3)"),
}
"""What is right on ordinary numbers and fails on saturated outputs, or on integers."""

SECOND = {
    "columns_two_slips.py": (2, "W2.T @ dZ2"),
    "french_two_slips.py": (49, "erreur.dot(self.poids2.T)"),
}
"""What else is wrong in those with two mistakes."""

UNKNOWN = {
    "class_strange.py": ("delta1", "d2 @ self.W2.T * self.p.max()"),
    "leaky_two_slopes.py": ("delta1", "dA1 * leaky_grad(Z1)"),
    "notebook_half_of_slope.ipynb": ("delta1", "dH * sigmoid(Z1) * (1 - Z1)"),
    "python2_slope_and_h.py": ("delta1", "e * self.ah[j] * (1 - self.ah[j]) * self.ah[j]"),
}
"""Wrong, and by no mistake of the table: what is wrong first, and the very expression."""

EDITED = {
    "namedtuple_typed.py": ("b1=d1.sum(0)", "b1=d1.mean(0)", 23),
    "namedtuple_unbegun.py": ("* c.a1 * (1 - c.a1)", "* c.z1 * (1 - c.z1)", 5),
    "dataclass_unbegun.py": ("dh[a <= 0] = 0", "dh[x @ p.w1 <= 0] = 0", 53),
    "adam_arguments.py": ("s, t, learning_rate, beta1, beta2, epsilon)", "s, t, learning_rate, beta2, beta1, epsilon)", 40),
    "adam_object.py": ("params[k] -= self.lr * mhat", "params[k] += self.lr * mhat", 9),
    "momentum_added.py": ("vW1 = mu * vW1 - lr * gW1", "vW1 = mu * vW1 + lr * gW1", 9),
    "torch_three.py": ("grad_input[input < 0] = 0", "grad_input[grad_output < 0] = 0", 52),
    "torch_trained.py": ("    model.zero_grad()\n", "", 35),
    "torch_own_g.py": ("(inp > 0).float() * out.g", "(out.g > 0).float() * out.g", 52),
    "gradient_check.py": ("vector_to_dictionary(theta_minus, parameters)", "parameters", 48),
    "unrolled_theta.py": ("np.sum(delta2, axis=1) / m", "np.sum(delta2, axis=1)", 23),
    "unrolled_matlab.py": ("sigmoid(z2) * (1 - sigmoid(z2))", "z2 * (1 - z2)", 5),
    "columns_each_sample.py": ("du = dh * (1 - h * h)", "du = dh * (1 - u * u)", 5),
    "estimator.py": (" * (1 - activations[i] ** 2)", "", 2),
    "globals_polish.py": ("blad_ukr = d_wyj.dot(wagi2.T)", "blad_ukr = blad.dot(wagi2.T)", 49),
    "half_cells.ipynb": ("np.where(z > 0, 1, 0.1)", "np.where(z > 0, 1, 0.0)", 6),
    "matlab_habits.py": ("(1 - a1 ** 2) * dot", "(1 - a1) * dot", 6),
    "pytree.py": ("* a * (1 - a)", "* (1 - a)", 6),
    "shared_functions.py": (" * (1 - A1 ** 2)", " * (1 - A1)", 6),
    "tensor_engine.py": ("gg = g.sum(axis=0)", "gg = g.mean(axis=0)", 23),
    "turkish_adam.py": ("dZ1 = (dZ2 @ self.W2.T)", "dZ1 = ((tahmin - Y) @ self.W2.T)", 12),
    "zero_kara.py": ("self.db = np.sum(dout, axis=0)", "self.db = np.sum(dout)", 22),
    "torch_module.py": ("grad_h * (1 - self.h ** 2)", "grad_h * (1 - self.h)", 6),
    "torch_tensors.py": ("g_h[h < 0] = 0", "g_h[h > 1e9] = 0", 2),
    "jax_custom.py": ("(g * s * (1 - s),)", "(g * (1 - s * s),)", 6),
    "jax_gradients.py": ('(delta2 @ params["W2"].T) * (1 - h**2)', '(y - t) @ params["W2"].T * (1 - h**2)', 12),
    "abstract_layers.py": ("grad * self.out * (1 - self.out)", "grad * (1 - self.out ** 2)", 6),
    "add_and_fit.py": ("da_prev = self.w.T @ dz", "da_prev = self.w.T @ da", 49),
    "argparse_main.py": ("self._hidden * (1 - self._hidden)", "(1 - self._hidden ** 2)", 6),
    "batch_generator.py": ("db1 = d1.sum(axis=0)", "db1 = d1.sum()", 22),
    "chinese_functions.py": ("dZ1 = dA1 * (Z1 > 0)", "dZ1 = dA1 * Z1", 7),
    "closures.py": ("dz = dh * (1 - h**2)", "dz = dh * h * (1 - h)", 6),
    "dataclass_hints.py": ("(d_out @ weights.W2.T) * (1.0 - trace.hidden**2)", "d_out @ weights.W2.T", 2),
    "descent_function.py": ("d2 = p - y", "d2 = (p - y) * p * (1 - p)", 28),
    "einsum_softmax.py": ("dh = np.einsum('nk,jk->nj', ds, p['w_out'])", "dh = np.einsum('nk,jk->nj', probs - onehot, p['w_out'])", 12),
    "fit_expression.py": ("(d @ self.W[l].T) * (acts[l] > 0)", "d @ self.W[l].T", 2),
    "german_free.py": ("f1 = f2 @ G2.T", "f1 = fehler @ G2.T", 49),
    "hindi_script.py": ("chhupi * (1 - chhupi)", "(1 - chhupi)", 6),
    "iris_sklearn.py": ("b2 -= 1.0 * dZ2.sum(axis=0, keepdims=True)", "b2 -= 1.0 * dZ2.mean(axis=0, keepdims=True)", 23),
    "java_habits.py": ("hiddenDeltas.append(error * (1 - self.hiddenOutputs[h] ** 2))", "hiddenDeltas.append(error)", 2),
    "key_w.py": ('dZ1 = dA1 * (1 - cache["A1"] ** 2)', 'dZ1 = dA1 * (1 - cache["A1"])', 6),
    "lambdas_table.py": ("gb[l] = d.sum(axis=0)", "gb[l] = d.sum()", 22),
    "leaky_deep.py": ("np.where(Z_prev > 0, 1, 0.01)", "(Z_prev > 0)", 6),
    "literal_count.py": ("dh = dout @ w2.T\n", "dh = (out - temp) @ w2.T\n", 11),
    "matrix_star.py": ("np.multiply(dY * V.T, np.multiply(H, 1 - H))", "dY * V.T", 2),
    "mean_all.py": ("grad_h1 * (self.z1 > 0)", "grad_h1 * self.z1", 7),
    "modules_called.py": ("self.weight.grad += self.x.T @ g", "self.weight.grad -= self.x.T @ g", 9),
    "namedtuple_net.py": ("b1=dz.sum(0)", "b1=np.sum(dz)", 22),
    "notebook_magics.ipynb": ("d1 = d2 @ W2.T * (1 - A1**2)", "d1 = d2 @ W2.T * (1 + A1**2)", 6),
    "numbered_dicts.py": ("* (1 - A[k] ** 2)", "* (1 - Z[k] ** 2)", 5),
    "ones_column.py": ("g(z2) * (1 - g(z2))", "a2[:, 1:] * (1 - a2[:, 1:]) * z2", 0),
    "optimizer_object.py": ("dz1 = da1 * (1 - a1**2)", "dz1 = da1 * (1 - a1)", 6),
    "pandas_houses.py": ("da1 = np.dot(dy, W2.T)", "da1 = np.dot(y_hat - y_train, W2.T)", 11),
    "plain_lists_matrices.py": ("e * h * (1 - h)", "e * (1 - h * h)", 6),
    "points_angles.py": ("(off @ second.T) * (1 - bent * bent)", "(off @ second.T) * (1 - bent)", 6),
    "portuguese_class.py": ("np.dot(delta_saida, self.pesos_oculta_saida.T)", "np.dot(erro, self.pesos_oculta_saida.T)", 49),
    "prints_everywhere.py": ("dE_dz1 = dE_dh * h * (1 - h)", "dE_dz1 = dE_dh * z1 * (1 - z1)", 5),
    "python2_prints.py": ("e += dout[k] * self.wo[j][k]", "e = dout[k] * self.wo[j][k]", 36),
    "recursive_back.py": (
        "        de_da = self.W.T @ delta\n        self.W -= rate * delta @ a.T\n",
        "        self.W -= rate * delta @ a.T\n        de_da = self.W.T @ delta\n",
        1,
    ),
    "russian_points.py": ("W2.T.dot(dz2) * (1 - a1 ** 2)", "W2.T.dot(dz2)", 2),
    "scalars_by_place.py": ("d1 = d * v1 * h1 * (1 - h1)", "d1 = d * v1 * h1", 0),
    "tuple_params.py": ("delta = (delta @ W.T) * (1 - a**2)", "delta = delta @ W.T", 2),
    "unnamed_forward.py": ("dZ1 = dZ2 @ W2.T * (1 - A1**2)", "dZ1 = dZ2 @ W2.T * A1 * (1 - A1)", 6),
}
"""Right programs with one expression put in another's place, and the number of that mistake; 0 where it is none of the table."""
