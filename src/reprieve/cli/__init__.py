"""The command line: parse, call, print. Everything heavy is imported inside the command that needs it."""

from reprieve.cli.program import app, main

__all__ = ["app", "main"]
