"""One bench, on the database that `DATABASE_URL` names; `./run bench` makes an empty one."""

import importlib
import sys

import django
from django.core.management import call_command

from benches import catalogue, page
from tools.processes import exit_on_signals


def main(arguments: list[str]) -> None:
    """Prints the figures, and puts them into docs/benchmarks.md if asked to."""
    options = catalogue.read(arguments)
    exit_on_signals()
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    section = importlib.import_module(f"benches.{options.name}").run(options)
    print(section)
    if options.write:
        page.write(options.name, section)


if __name__ == "__main__":
    main(sys.argv[1:])
