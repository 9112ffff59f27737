"""The command line: thin commands that build options, call one function and print its report.

Exit codes: 0 everything done; 1 failed; 2 misuse; 3 finished, but some inputs failed and are listed in the ledger.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from imaging.errors import ImagicError, MisuseError

# Options that several commands share; each is written once.
RUNNERS = ["fnapi"]
ENGINES = ["auto", "keras", "openvino"]


class Report(Protocol):
    """What every stage returns: lines for people, an exit code for scripts."""

    exit_code: int

    def lines(self) -> list[str]:
        """The report, a line each."""


class Commands(click.Group):
    """Turns what goes wrong into one line and the documented exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; a traceback is printed only when asked for."""
        try:
            return super().invoke(ctx)
        except ImagicError as error:
            stop(f"Error: {error}", error.exit_code)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt:
            stop("Stopped. What is finished is kept: run the same command again to go on.", 130)
        except Exception as error:
            if ctx.params.get("verbose") or "--verbose" in sys.argv:
                traceback.print_exc()
            stop(f"Error: {describe(error)}. Run with --verbose to see where it happened.", 1)


def describe(error: Exception) -> str:
    """One line that says what the operating system or a library refused."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def stop(message: str, code: int) -> None:
    """Print one line to standard error and leave with the exit code."""
    click.echo(message, err=True)
    sys.exit(code)


def hush() -> None:
    """Keep the frameworks' start-up chatter away from the terminal; must run before they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.ERROR, format="%(message)s", force=True)


def command(function: Callable[..., Report | None]) -> click.Command:
    """A command with --verbose whose returned report is printed and decides the exit code."""

    @functools.wraps(function)
    def run(verbose: bool, **options: Any) -> None:
        if not verbose:
            hush()
        report = function(**options)
        if report is not None:
            for line in report.lines():
                click.echo(line)
            sys.exit(report.exit_code)

    verbose = click.option("--verbose", is_flag=True, help="Show what the frameworks print, and tracebacks.")
    return cli.command(context_settings={"max_content_width": 110})(verbose(run))


def comma_list(value: str | None) -> tuple[str, ...]:
    """'a, b' -> ('a', 'b')."""
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option("0.1.0", prog_name="imagic")
def cli() -> None:
    """Build restoration datasets from open-access pictures, train on them, and enhance whole archives."""


@command
@click.option("--out", type=click.Path(path_type=Path), default="demo", show_default=True, help="Where it is written.")
def demo(out: Path) -> Report:
    """Run the whole road on real photographs: crawl, build, train, evaluate, enhance, look."""
    from demo.run import run_demo

    return run_demo(out)


def main() -> None:
    """Entry point of the `imagic` command."""
    cli()


if __name__ == "__main__":
    main()
