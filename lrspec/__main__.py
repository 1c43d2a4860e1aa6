"""`python -m lrspec` is the command."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:  # Python puts the current folder first, and its files may be a stranger's
        del sys.path[0]

    from lrspec.cli import main

    main()
