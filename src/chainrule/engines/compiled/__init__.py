"""The engine `compiled`: the graph as machine code."""
