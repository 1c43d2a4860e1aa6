"""The command: `python -m lrspec`, and the script `lrspec`."""

import sys


def main() -> None:
    """Run the command, and exit with its status."""
    from lrspec.interrupts import end_when_interrupted

    end_when_interrupted()  # before anything else is imported

    import gc

    from lrspec.cli import run

    status = run(sys.argv[1:])
    gc.disable()  # the process ends and frees everything; Python would search all of torch for garbage first
    sys.exit(status)


if __name__ == "__main__":
    if not sys.flags.safe_path:  # Python puts the current folder first, and its files may be a stranger's
        del sys.path[0]

    main()
