import numpy as np
np.random.seed(3)
x = np.array([[0.,0.],[0.,1.],[1.,0.],[1.,1.]]); y = np.array([[0.],[1.],[1.],[0.]])
w1 = np.random.uniform(-1,1,(2,2)); w2 = np.random.uniform(-1,1,(2,1))
it = 0
while True:
    a = np.tanh(x @ w1); o = np.tanh(a @ w2)
    rmse = np.sqrt(np.mean((o-y)**2))
    if rmse < 0.05 or it > 3000: break
    do = (o-y)*(1-o**2); da = do @ w2.T*(1-a**2)
    w2 = w2 - 0.1*a.T @ do
    w1 = w1 - 0.1*x.T @ da
    it += 1
print(rmse)
