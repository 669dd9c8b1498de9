# -*- coding: utf-8 -*-
import sys
import math
import random

# old homework, runs with python 2.7
class Net(object):
    def __init__(self, nin, nhid, nout):
        self.nin, self.nhid, self.nout = nin, nhid, nout
        self.wi = [[random.gauss(0, 0.5) for j in xrange(nhid)] for i in xrange(nin)]
        self.wo = [[random.gauss(0, 0.5) for k in xrange(nout)] for j in xrange(nhid)]
        print "made a net", nin, nhid, nout

    def feed(self, x):
        self.x = x
        self.h = [0.0] * self.nhid
        for j in xrange(self.nhid):
            s = 0.0
            for i in xrange(self.nin):
                s += x[i] * self.wi[i][j]
            self.h[j] = 1.0 / (1.0 + math.exp(-s))
        self.o = [0.0] * self.nout
        for k in xrange(self.nout):
            s = 0.0
            for j in xrange(self.nhid):
                s += self.h[j] * self.wo[j][k]
            self.o[k] = 1.0 / (1.0 + math.exp(-s))
        return self.o

    def backprop(self, target, rate):
        dout = [0.0] * self.nout
        for k in xrange(self.nout):
            dout[k] = (self.o[k] - target[k]) * self.o[k] * (1 - self.o[k])
        dhid = [0.0] * self.nhid
        for j in xrange(self.nhid):
            e = 0.0
            for k in xrange(self.nout):
                e += dout[k] * self.wo[j][k]
            dhid[j] = e * self.h[j] * (1 - self.h[j])
        for j in xrange(self.nhid):
            for k in xrange(self.nout):
                self.wo[j][k] -= rate * dout[k] * self.h[j]
        for i in xrange(self.nin):
            for j in xrange(self.nhid):
                self.wi[i][j] -= rate * dhid[j] * self.x[i]

if __name__ == '__main__':
    data = [([0, 0, 1], [0]), ([0, 1, 1], [1]), ([1, 0, 1], [1]), ([1, 1, 1], [0])]
    net = Net(3, 4, 1)
    for epoch in xrange(5000):
        for x, t in data:
            net.feed(x)
            net.backprop(t, 0.5)
        if epoch % 1000 == 0:
            print >> sys.stderr, "epoch %d" % epoch
    for x, t in data:
        print x, t, "->", ["%.3f" % o for o in net.feed(x)]
