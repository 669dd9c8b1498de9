"""From a recorded step to a document that works it through, at any zoom."""
