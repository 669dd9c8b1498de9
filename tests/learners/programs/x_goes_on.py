import math, random
def sigmoid(x): return 1/(1+math.exp(-x))
class Network:
    def __init__(self, sizes):
        self.weights = [[[random.uniform(-1,1) for _ in range(a)] for _ in range(b)] for a,b in zip(sizes, sizes[1:])]
        self.biases = [[0.0]*b for b in sizes[1:]]
    def forward(self, x):
        self.outs=[x]
        for W,b in zip(self.weights,self.biases):
            x=[sigmoid(sum(w*v for w,v in zip(row,x))+bb) for row,bb in zip(W,b)]
            self.outs.append(x)
        return x
    def backward(self, x, t, lr=0.5):
        y=self.forward(x)
        delta=[(o-tt)*o*(1-o) for o,tt in zip(y,t)]
        for l in range(len(self.weights)-1,-1,-1):
            a=self.outs[l]
            new=[sum(self.weights[l][k][j]*delta[k] for k in range(len(delta)))*a[j]*(1-a[j]) for j in range(len(a))]
            for k in range(len(delta)):
                for j in range(len(a)):
                    self.weights[l][k][j]-=lr*delta[k]*a[j]
                self.biases[l][k]-=lr*delta[k]
            delta=new
