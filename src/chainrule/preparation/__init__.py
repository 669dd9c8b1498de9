"""From tables to numbers and back: deciding about columns, standardising, one-hot, answers.

preparation = Preparation.fit(table, ["species"])
x, t = preparation.x(table), preparation.t(table)       # numbers for the network
preparation.answers(y)                                  # {"species": ["setosa", …]}
Preparation.from_dict(preparation.to_dict())            # kept with the model
"""

from chainrule.preparation.disk import empty, is_large
from chainrule.preparation.preparation import Feature, Preparation, Target

__all__ = ["Feature", "Preparation", "Target", "empty", "is_large"]
