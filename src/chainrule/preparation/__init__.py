"""From tables to numbers and back: deciding about columns, standardising, one-hot, answers.

preparation = Preparation.fit(table, ["species"])
x, t = preparation.x(table), preparation.t(table)       # numbers for the network
preparation.answers(y)                                  # {"species": ["setosa", …]}
Preparation.from_dict(preparation.to_dict())            # kept with the model
"""

from chainrule.preparation.columns import Feature, Target
from chainrule.preparation.disk import empty, too_large_for_memory
from chainrule.preparation.preparation import Preparation

__all__ = ["Feature", "Preparation", "Target", "empty", "too_large_for_memory"]
