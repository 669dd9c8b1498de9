# backprop practice  (reddit)
import numpy as np

def act(x): return 1/(1+np.exp(-x))
def act_d(x): return act(x)*(1-act(x))

class NN():
    def __init__(self, inp, hid, out):
        self.w_ih = np.random.rand(hid, inp)
        self.w_ho = np.random.rand(out, hid)
        self.b_h = np.random.rand(hid, 1)
        self.b_o = np.random.rand(out, 1)
        self.lr = 0.1

    def feedforward(self, input_array):
        inputs = np.array(input_array).reshape(-1, 1)
        hidden = act(self.w_ih.dot(inputs) + self.b_h)
        output = act(self.w_ho.dot(hidden) + self.b_o)
        return output.flatten().tolist()

    def train(self, input_array, target_array):
        inputs = np.array(input_array).reshape(-1, 1)
        hidden = act(self.w_ih.dot(inputs) + self.b_h)
        outputs = act(self.w_ho.dot(hidden) + self.b_o)
        targets = np.array(target_array).reshape(-1, 1)
        output_errors = targets - outputs
        gradients = outputs * (1 - outputs)
        gradients = gradients * output_errors * self.lr
        weights_ho_deltas = gradients.dot(hidden.T)
        self.w_ho += weights_ho_deltas
        self.b_o += gradients
        hidden_errors = self.w_ho.T.dot(output_errors)
        hidden_gradient = hidden * (1 - hidden) * hidden_errors * self.lr
        self.w_ih += hidden_gradient.dot(inputs.T)
        self.b_h += hidden_gradient
