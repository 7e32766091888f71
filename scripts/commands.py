"""Run several management commands in one process: `python -m scripts.commands "migrate -v 0" check`.

Starting Django costs seconds: the demo, which must start again at once, pays them a single time.
"""

import argparse
import contextlib
import shlex
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.core.management.base import CommandError


def main() -> int:
    parser = argparse.ArgumentParser(description="Lance plusieurs commandes dans un seul processus.")
    parser.add_argument("commands", nargs="+")
    parser.add_argument("--save-last", type=Path, help="fichier où écrire ce que dit la dernière")
    arguments = parser.parse_args()
    django.setup()
    *first, last = arguments.commands
    try:
        for line in first:
            call_command(*shlex.split(line))
        output = arguments.save_last.open("w") if arguments.save_last else contextlib.nullcontext(sys.stdout)
        with output as stream, contextlib.redirect_stdout(stream):
            call_command(*shlex.split(last))
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
