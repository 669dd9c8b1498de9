"""What is to be found in each of the programs: said by who wrote it, before anything read it."""

RIGHT = (
    *("adam_function.py", "backprop_rows_function.py", "batch_class.py", "bce_loop.py", "class_gradients.py", "class_without_bias.py"),
    *("column_class.py", "deep_caches.py", "dict_columns.py", "eight_scalars.py", "french_class.py", "func_global.py"),
    "grads_like_x.py",
    *("function_owns_loop.py", "grad_list.py", "header_needed.py", "layer_objects.py", "layers_in_network.py", "layers_only.py"),
    *("layers_with_rate.py", "linear_regression_loop.py", "lists_of_neurons.py", "logistic_regression.py", "loops_momentum.py"),
    *("mini_batches.py", "model_any_depth.py", "momentum_class.py", "neuron_objects.py", "neurons_as_vectors.py", "notebook.ipynb"),
    *("one_neuron.py", "one_neuron_no_slope.py", "one_sample_softmax.py", "params_class.py", "pictures_functions.py"),
    *("polynomial_german.py", "rows_script_relu.py", "rows_three_layers.py", "russian_class.py", "samples_in_class.py"),
    *("seed.md", "short_loop.py", "six_scalars.py", "spanish_loop.py", "switches_right.py", "theta_matrices.py", "torch_functions.py"),
    *("train_all_in_one.py", "vector_weights.py", "while_error.py"),
)
"""Right, perhaps by a convention of their own. one_neuron_no_slope: without a loss, ŷ − t behind a sigmoid is cross-entropy's."""

WRONG = {
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
    "grad_list_square.py": (6, "delta @ weights[i].T * (1 - activations[i])**2"),
    "history_in_class.py": (42, "self.verlauf.append(self.w)"),
    "history_of_one_array.py": (42, "ws.append(w)"),
    "integer_weights.py": (34, "w = np.array([[1], [2], [1]])"),
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
    "shuffled_apart.py": (38, "y_hat - y"),
    "shuffled_function.py": (38, "P - Y"),
    "short_loop_z.py": (5, "dy.dot(w1.T)*(x.dot(w0)*(1-x.dot(w0)))"),
    "six_scalars_raw_error.py": (49, ""),
    "spanish_raw_error.py": (49, "dA2 @ W2.T"),
    "spanish_upstream_dropped.py": (8, "A1 * (1 - A1)"),
    "switches_bias_frozen.py": (25, ""),
    "switches_sign.py": (9, "output - targets"),
    "switches_updated_first.py": (1, "np.dot(output_delta, output_w.T)"),
    "torch_sigmoid.py": (5, "grad_output * z * (1 - z)"),
    "train_bias_one_number.py": (22, "dyhat.sum()"),
    "while_sigmoid_for_tanh.py": (6, "np.dot(g_out, w_output.T) * hidden * (1 - hidden)"),
}
"""The mistake of the table that each makes, and the very expression, where one is to be named."""

CAUTIONS = {
    "bce_loop.py": (32, "np.log(1-A2)"),
    "deep_caches.py": (32, "(1 - Y) / (1 - AL)"),
    "grads_like_x.py": (34, "h.T @ delta2"),
    "layer_objects.py": (32, "np.log(picked)"),
    "neuron_objects.py": (50, ""),
    "pictures_functions.py": (31, "np.exp(Z)"),
    "theta_matrices.py": (32, "np.log(1 - A3)"),
}
"""What is right on ordinary numbers and fails on saturated outputs, or on integers."""

UNKNOWN = ("class_strange.py", "toy_class.py")
"""Wrong, and not to be named: hidden errors are multiplied by the largest probability; the raw error goes back through weights that are
updated already, which is two mistakes at one place.
"""
