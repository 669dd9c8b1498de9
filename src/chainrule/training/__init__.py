"""From numbers to a trained network, kept in a file: the plan, the loop, its history, its scores."""
