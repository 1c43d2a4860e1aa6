"""The command `lrspec`: arguments in, exit status out. Each of its commands has a module here.

Exit statuses: 0 clean, 1 errors found (with `--strict` also for warnings), 2 could not run, 130 or 143 interrupted.
A command's module is imported when it is asked for, and everything but click where it is needed: `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from lrspec import __version__
from lrspec.cli.encodings import set_encoding
from lrspec.cli.options import say


def run(arguments: list[str]) -> int:
    """Run the command with these arguments, and return its exit status.

    Output is UTF-8 whatever the locale, unless PYTHONIOENCODING is set, and goes nowhere if a stream is closed.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  (for the whole run; quick)
        set_encoding(getattr(sys, name))
    try:
        return int(cli.main(arguments, prog_name="lrspec", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as failure:
        say(failure.format_message())
        return failure.exit_code
    except click.UsageError as failure:
        from lrspec.diagnostics.escape import harmless

        path = failure.ctx.command_path if failure.ctx else "lrspec"
        say(f"{path}: {harmless(failure.format_message())} (see {path} --help)")
        return failure.exit_code
    except click.ClickException as failure:
        failure.show()
        return failure.exit_code
    except click.Abort:  # KeyboardInterrupt, where `run` is called by itself, or where a model's code raises it
        say("lrspec: interrupted")
        return 130
    except OSError as failure:  # click prints the help and the version itself
        if failure.filename is not None:  # a file, not a stream
            raise
        from lrspec.files import hush, system_reason

        hush(sys.stdout)
        say(f"lrspec: standard output: {system_reason(failure, 'cannot be written')}")
        return 2
    except SystemExit:  # click ends like this if the reader of its help has left
        return 0


_COMMANDS = (
    "audit",
    "cache",
    "check",
    "compile",
    "diff",
    "explain",
    "init",
    "lock",
    "params",
    "plot",
    "report",
    "schema",
)
"""Each is the name of a module here, and of the command in it."""


class _Commands(click.Group):
    """The commands; each is imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"lrspec.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from lrspec.diagnostics.suggest import did_you_mean

            near = did_you_mean(args[0], [*_COMMANDS, "--help", "--version"])
            ctx.fail(f"No such command {args[0]!r}{near}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """A declarative compiler for PyTorch optimizer parameter groups."""
