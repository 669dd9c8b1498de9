"""The definitions that a version stored are run when a test asks for them, and not looked through for examples."""

collect_ignore_glob = ["*/*.py"]
