"""A network: the definitions it is made of, its description, what is derived from it, and how it is updated."""
