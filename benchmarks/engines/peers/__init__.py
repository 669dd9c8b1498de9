"""What chainrule is measured against; each module as `peer.py` says."""
