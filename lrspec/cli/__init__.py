"""The command `lrspec`: words in, exit status out; a file for each of its commands.

Exit statuses: 0 clean, 1 findings of severity error (with `--strict` warnings, too), 2 could not run, 130 interrupted.
A command's file is imported when it is asked for, and everything but click by what needs it: `--help` is quick.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

import click

from lrspec import __version__
from lrspec.cli.options import say


def main() -> None:
    """Run the command, and exit with its status."""
    status = run(sys.argv[1:])
    gc.disable()  # a process that ends gives back everything; Python would look through all of torch for garbage first
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run the command with these arguments, and return its exit status."""
    _prepare_streams()
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
    except click.Abort:
        say("lrspec: interrupted")
        return 130
    except OSError as failure:
        return _cannot_print(failure)
    except SystemExit:  # click's way to end where the reader of its help has left
        return 0


def _cannot_print(failure: OSError) -> int:
    """Say that the help or the version cannot be printed, which click does by itself."""
    if failure.filename is not None:  # a file, and no stream
        raise failure
    from lrspec.files import hush, system_reason

    hush(sys.stdout)
    say(f"lrspec: standard output: {system_reason(failure, 'cannot be written')}")
    return 2


def _prepare_streams() -> None:
    """Let output be UTF-8 whatever the locale, and go nowhere where a stream is closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  (for the whole run; quick)
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


_COMMANDS = {
    "cache": ("cache", "cache"),
    "check": ("check", "check"),
    "compile": ("compile", "compile_"),
    "explain": ("explain", "explain"),
    "params": ("params", "params"),
    "schema": ("schema", "schema"),
}
"""The file of each command, and what it is called there."""


class _Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        file, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"lrspec.cli.{file}"), name)
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
