"""A training as a document: what it read, its network, how its error fell, what it is worth, and steps of it, explained."""
