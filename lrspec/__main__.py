"""`python -m lrspec` is the command."""

from lrspec.cli import main

if __name__ == "__main__":
    main()
