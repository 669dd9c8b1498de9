"""The programs are read by chainrule, and not by pytest."""

collect_ignore_glob = ["programs/*", "layers/*"]
