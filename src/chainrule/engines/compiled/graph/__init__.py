"""What is compiled: the operations of a training step, the order of its stages, and where its arrays lie. Nothing is emitted here."""
