"""A training step as a record of every number, and the problem that it is a step of."""
