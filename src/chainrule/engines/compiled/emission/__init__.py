"""What both forms of code emit: the functions that Python calls, the loop over batches, operations of the graph, barriers."""
