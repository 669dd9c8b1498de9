"""Pictures as values: shapes, the layout of networks and of curves."""
