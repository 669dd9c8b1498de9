"""Characters foretold from the two before them: a trigram model with interpolated Kneser–Ney smoothing.

    python benchmarks/trigrams.py docs/networks/genesis.txt

prints its perplexity, the measure in docs/networks.md, on the last 15 % of the characters, after it has counted the others: those that
`chainrule train --test last` tests on.
Source: Chen & Goodman (1998), An empirical study of smoothing techniques for language modeling, section 2.7.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

ORDER = 3


class KneserNey:
    """P(c | context), by counts of what follows a context and, for shorter contexts, of how many different characters precede.

    At each order, a discount D = n₁ / (n₁ + 2 n₂) is taken off every count, n₁ and n₂ being how many counts are 1 and 2; what it leaves is
    given to the next shorter context, and at last to all characters alike.
    """

    def __init__(self, text: Sequence[str], vocabulary: int) -> None:
        self.vocabulary = vocabulary
        grams = {order: Counter(tuple(text[i : i + order]) for i in range(len(text) - order + 1)) for order in range(1, ORDER + 1)}
        self.counts = {ORDER: grams[ORDER]}
        for order in range(1, ORDER):
            self.counts[order] = Counter(gram[1:] for gram in grams[order + 1])  # how many different characters come before
        self.sums: dict[int, Counter[tuple[str, ...]]] = defaultdict(Counter)
        self.kinds: dict[int, Counter[tuple[str, ...]]] = defaultdict(Counter)
        self.discounts = {}
        for order, counts in self.counts.items():
            for gram, count in counts.items():
                self.sums[order][gram[:-1]] += count
                self.kinds[order][gram[:-1]] += 1
            once, twice = (sum(count == number for count in counts.values()) for number in (1, 2))
            self.discounts[order] = once / (once + 2 * twice) if once else 0.5

    def probability(self, context: Sequence[str], character: str) -> float:
        """P(character | context), of a context of two characters at most."""
        order, context = len(context) + 1, tuple(context)
        shorter = self.probability(context[1:], character) if context else 1 / self.vocabulary
        total = self.sums[order][context]
        if not total:
            return shorter
        discount = self.discounts[order]
        own = max(self.counts[order][(*context, character)] - discount, 0) / total
        return own + discount * self.kinds[order][context] / total * shorter


def perplexity(text: str, test: float = 0.15) -> float:
    """e to the mean of −ln P over the last part of the characters, foretold from those before."""
    characters = list(text)
    first = len(characters) - round(test * len(characters))
    model = KneserNey(characters[:first], len(set(characters)))
    logs = [math.log(model.probability(characters[i - ORDER + 1 : i], characters[i])) for i in range(first, len(characters))]
    return math.exp(-math.fsum(logs) / len(logs))


if __name__ == "__main__":
    print(f"{perplexity(Path(sys.argv[1]).read_text(encoding='utf-8')):.4f}")
