"""The command line: one file a command, imported when it is asked for."""

from theflow.cli.root import main

__all__ = ["main"]
