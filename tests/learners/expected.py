"""What is to be found in each of the programs: said by who wrote it, before anything read it."""

RIGHT = (
    *(
        "adam_function.py",
        "backprop_rows_function.py",
        "bce_loop.py",
        "bpnn_old.py",
        "brownlee_lists.py",
        "class_gradients.py",
        "course_deep.py",
    ),
    *("course_planar.py", "cs231n_two_layer.py", "denny.py", "digits_right.py", "eleven_lines.py", "enlight_class.py", "func_global.py"),
    *(
        "grad_list.py",
        "grus_lists_right.py",
        "header_needed.py",
        "layers_with_rate.py",
        "linear_regression_loop.py",
        "logistic_regression.py",
    ),
    *("loy_class.py", "mazur_scalars.py", "momentum_class.py", "myonn_right.py", "neuron_objects.py", "nielsen.py", "nnfs_layers.py"),
    *("notebook.ipynb", "octave_style.py", "perceptron_like.py", "perceptron_no_slope.py", "polynomial_german.py", "rows_script_relu.py"),
    *("rows_three_layers.py", "russian_class.py", "seed.md", "six_scalars.py", "spanish_loop.py", "train_all_in_one.py", "while_error.py"),
    *("one_sample_softmax.py", "vector_weights.py"),
    *(
        "xor_right.py",
        "layers_only.py",
        "torch_functions.py",
        "layers_in_network.py",
        "french_class.py",
        "mini_batches.py",
        "model_any_depth.py",
    ),
)
"""Right, perhaps by a convention of their own. perceptron_no_slope: without a loss, ŷ − t behind a sigmoid is cross-entropy's."""

WRONG = {
    "adam_wrong_tanh.py": (6, '(d2 @ params["W2"].T) * (1 + a ** 2)'),
    "bce_slope_again.py": (28, "(A2 - y) * A2 * (1 - A2)"),
    "bpnn_one_path.py": (20, "output_deltas[k]*self.wo[j][k]"),
    "brownlee_overwritten.py": (36, "neuron['weights'][j] * neuron['delta']"),
    "class_softmax_axis.py": (31, "ez / np.sum(ez, axis=0)"),
    "course_deep_mean_twice.py": (13, ""),
    "course_no_slope.py": (2, "np.dot(W2.T, dZ2)"),
    "course_planar_slope.py": (6, "np.dot(W2.T, dZ2) * (1 - A1)"),
    "cs231n_no_mean.py": (12, ""),
    "cs231n_no_relu.py": (2, "dscores.dot(W2.T)"),
    "digits_functions.py": (22, "np.sum(dZ2)"),
    "eleven_lines_z.py": (5, "l2_delta.dot(syn1.T) * (X.dot(syn0) * (1-X.dot(syn0)))"),
    "enlight_no_slope.py": (2, "self.o_delta.dot(self.W2.T)"),
    "grad_list_square.py": (6, "delta @ weights[i].T * (1 - activations[i])**2"),
    "grus_lists.py": (1, "dot(output_deltas, [n[i] for n in network[-1]])"),
    "layers_in_network_prime.py": (5, "self.activation_prime(self.input) * output_error"),
    "layers_only_mask.py": (7, ""),
    "layers_updated_first.py": (1, "np.dot(self.weights.T, output_gradient)"),
    "logistic_slope_again.py": (28, "(1/m) * np.dot(X, (A - Y).T * (A * (1 - A)).T)"),
    "loy_prime_of_z.py": (5, ""),
    "mazur_one_path.py": (20, "d1*w5"),
    "myonn_class.py": (49, "numpy.dot(self.who.T, output_errors)"),
    "myonn_updated_first.py": (1, "numpy.dot(self.who.T, output_delta)"),
    "neuron_bias_in_loop.py": (26, ""),
    "nielsen_prime_of_a.py": (4, "np.dot(self.weights[-l+1].transpose(), delta) * sp"),
    "nnfs_relu_is_x.py": (7, "dvalues * self.inputs"),
    "notebook_slope.ipynb": (4, "dh * (1 - np.tanh(self.h)**2)"),
    "rows_bias_averaged.py": (23, "dy.mean(0)"),
    "rows_bias_not_summed.py": (21, "db2 = dy"),
    "rows_dw_transposed.py": (16, "dz.T @ x"),
    "rows_prime_of_z.py": (5, "dy @ W2.T * dtanh(x @ W1 + b1)"),
    "rows_three_layers_z_for_a.py": (17, "z1.T @ dz2"),
    "russian_raw_error.py": (49, "self.W.T.dot(d - y)"),
    "six_scalars_raw_error.py": (49, ""),
    "spanish_raw_error.py": (49, "dA2 @ W2.T"),
    "spanish_upstream_dropped.py": (8, "A1 * (1 - A1)"),
    "torch_sigmoid.py": (5, "grad_output * z * (1 - z)"),
    "train_bias_one_number.py": (22, "dyhat.sum()"),
    "while_sigmoid_for_tanh.py": (6, "np.dot(g_out, w_output.T) * hidden * (1 - hidden)"),
    "xor_bias_frozen.py": (25, ""),
    "xor_sign.py": (9, "predicted_output - expected_output"),
    "xor_updated_first.py": (1, "d_predicted_output.dot(output_weights.T)"),
}
"""The mistake of the table that each makes, and the very expression, where one is to be named."""

UNKNOWN = ("class_strange.py", "toy_class.py")
"""Wrong, and not to be named: hidden errors are multiplied by the largest probability; the raw error goes back through weights that are
updated already, which is two mistakes at one place.
"""
