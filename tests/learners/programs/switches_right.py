import numpy as np
def act (z):
    return 1/(1 + np.exp(-z))

def act_slope(a):
    return a * (1 - a)

#exactly one of three switches
inputs = np.array([[0,0,1],[0,1,0],[1,0,0],[1,1,0],[0,1,1],[1,1,1]])
targets = np.array([[1,1,1,0,0,0]]).T

lr = 0.2
hidden_w = np.random.normal(0,1,(3,4))
hidden_b = np.random.normal(0,1,(1,4))
output_w = np.random.normal(0,1,(4,1))
output_b =np.random.normal(0,1,(1,1))

for turn in range(6000):
	#there ...
	hidden = act(inputs.dot(hidden_w) + hidden_b)
	output = act(hidden.dot(output_w) + output_b)

	#... and back
	output_delta = (targets - output) * act_slope(output)
	hidden_error = np.dot(output_delta, output_w.T)
	hidden_delta = hidden_error * act_slope(hidden)

	#learn
	output_w += lr * np.dot(hidden.T, output_delta)
	hidden_w += lr * np.dot(inputs.T, hidden_delta)
	output_b += lr * output_delta.sum(axis=0)
	hidden_b += lr * hidden_delta.sum(axis=0)

print(output.ravel())
