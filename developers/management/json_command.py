"""Commands that people read and programs call: with --json one object on stdout, nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from terra_portal.errors import InvalidInputError


class JsonCommand(BaseCommand):
    """Says what `answer` returns. Errors go to stderr, with exit code 1 whatever they are."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except SystemExit as end:
            raise SystemExit(1 if end.code else 0) from None  # argparse would say 2

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self.answer(**options)
        except InvalidInputError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write("\n".join(_lines(answer)))

    def answer(self, **options: Any) -> dict[str, Any]:
        """What the command does, and what it has to say. May raise InvalidInputError."""
        raise NotImplementedError


def _lines(answer: Mapping[str, Any], indent: str = "") -> list[str]:
    lines = []
    for name, value in answer.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {value}")
    return lines
