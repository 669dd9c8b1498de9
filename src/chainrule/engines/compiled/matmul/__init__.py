"""Matrix products: register tiles, the loop nests around them, packing, and the three products of a layer."""
