"""`python -m chainrule` is `chainrule`."""

import sys

try:
    from chainrule.cli import main
except KeyboardInterrupt:  # Ctrl-C, while it is still starting
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
