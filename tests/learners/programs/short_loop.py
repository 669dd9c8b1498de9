import numpy as np
x = np.array([[1,0,1,1],[0,1,1,0],[1,1,0,0],[0,0,0,1],[1,0,0,1]])   # 5 x 4
t = np.array([[1],[0],[0],[1],[1]])
w0 = np.random.uniform(-1,1,(4,3)); w1 = np.random.uniform(-1,1,(3,1))
for n in xrange(9000):
    a = 1/(1+np.exp(-x.dot(w0)))
    y = 1/(1+np.exp(-a.dot(w1)))
    dy = (t-y)*y*(1-y)
    da = dy.dot(w1.T)*a*(1-a)
    w0 += x.T.dot(da); w1 += a.T.dot(dy)
