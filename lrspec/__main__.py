"""`python -m lrspec` is the command."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:  # Python has put the current folder first, whose files may be a stranger's
        del sys.path[0]

    from lrspec.cli import main

    main()
