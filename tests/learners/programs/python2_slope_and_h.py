# Python 2; the slope of the hidden units has a factor of its own
import math, random

def sig(x):
    return 1.0 / (1.0 + math.exp(-x))

class Net:
    def __init__(self, ni, nh, no):
        self.wi = [[random.uniform(-1, 1) for j in xrange(nh)] for i in xrange(ni)]
        self.wo = [[random.uniform(-1, 1) for k in xrange(no)] for j in xrange(nh)]

    def run(self, inputs):
        self.ai = list(inputs)
        self.ah = [sig(sum(self.ai[i] * self.wi[i][j] for i in xrange(len(self.ai)))) for j in xrange(len(self.wo))]
        self.ao = [sig(sum(self.ah[j] * self.wo[j][k] for j in xrange(len(self.ah)))) for k in xrange(len(self.wo[0]))]
        return self.ao

    def backprop(self, targets, rate):
        do = []
        for k in xrange(len(self.ao)):
            do.append((targets[k] - self.ao[k]) * self.ao[k] * (1 - self.ao[k]))
        dh = []
        for j in xrange(len(self.ah)):
            e = 0.0
            for k in xrange(len(self.ao)):
                e += do[k] * self.wo[j][k]
            dh.append(e * self.ah[j] * (1 - self.ah[j]) * self.ah[j])
        for j in xrange(len(self.ah)):
            for k in xrange(len(self.ao)):
                self.wo[j][k] += rate * do[k] * self.ah[j]
        for i in xrange(len(self.ai)):
            for j in xrange(len(self.ah)):
                self.wi[i][j] += rate * dh[j] * self.ai[i]

    def learn(self, inputs, targets, rate):
        self.run(inputs)
        self.backprop(targets, rate)
        print "done", self.ao

if __name__ == '__main__':
    n = Net(2, 3, 1)
    pats = [([0, 0], [0]), ([0, 1], [1]), ([1, 0], [1]), ([1, 1], [0])]
    for i in xrange(1000):
        for p, t in pats:
            n.learn(p, t, 0.5)
