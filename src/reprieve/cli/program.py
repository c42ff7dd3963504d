"""The program: its commands, and how it ends. Exit 0 is well, 2 is bad input, 1 is anything that went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from reprieve.cli import (
    calibrate,
    demo,
    escalc,
    evidence,
    figure,
    meta,
    model,
    pk,
    replay,
    rules,
    simulate,
    sources,
    trial,
)
from reprieve.cli.reading import Group
from reprieve.core.errors import InputError, ReprieveError, one_line

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130
ABOUT = "Ketamine infusion therapy in PTSD: concentrations, synapses, symptoms and side effects of a regimen."
CAUTION = "Reprieve informs and never decides. Ketamine for PTSD is an off-label use."

app = typer.Typer(
    cls=Group,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=CAUTION,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True, help=ABOUT)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        from reprieve.core.results import versions

        typer.echo(f"reprieve {versions()['reprieve']}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


pk.register(app)
simulate.register(app)
model.register(app)
figure.register(app)
escalc.register(app)
sources.register(app)
rules.register(app)
meta.register(app)
evidence.register(app)
calibrate.register(app)
replay.register(app)
trial.register(app)
demo.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program on `arguments` (those of the process when left out) and return its exit code.

    Bad input ends in one line on standard error; nothing expected ends in a traceback.
    """
    try:
        code = get_command(app).main(args=arguments, prog_name="reprieve", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    except (InputError, typer.TyperException) as error:
        return _fail(_line(error), BAD_INPUT)
    except (ReprieveError, OSError) as error:
        return _fail(str(error), FAILED)
    except MemoryError:
        return _fail("patients: not enough memory: simulate fewer at a time", FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", INTERRUPTED)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    return code if isinstance(code, int) else 0


def _line(error: Exception) -> str:
    """One line for an error; those of the command line itself say where the help is."""
    explain = getattr(error, "format_message", None)
    if explain is None:
        return str(error)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "reprieve"
    return f"{one_line(explain()).rstrip('.')}; see `{path} --help`"


def _fail(line: str, code: int) -> int:
    sys.stdout.flush()
    print(one_line(line), file=sys.stderr)
    return code


def _reader_gone() -> int:
    """Whoever read standard output has closed it, as `head` does: end without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
