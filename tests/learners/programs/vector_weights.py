import numpy as np
X = np.array([[0,0],[0,1],[1,0],[1,1]])
Y = np.array([0,1,1,0])
w_h = np.random.randn(2,4); bh = np.random.randn(4)
w_o = np.random.randn(4); bo = np.random.randn()
def s(x): return 1/(1+np.exp(-x))
for ep in range(5000):
    for x,t in zip(X,Y):
        h = s(x@w_h+bh)
        o = s(h@w_o+bo)
        d = (o-t)*o*(1-o)
        dh = d*w_o*h*(1-h)
        w_o -= .5*d*h
        bo -= .5*d
        w_h -= .5*np.outer(x,dh)
        bh -= .5*dh
