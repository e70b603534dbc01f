"""Which benches there are, and what each can be told. Knows nothing of Django: read before it."""

import argparse
from collections.abc import Sequence

SENTENCES = {
    "api": "the REST API over a million users, beside plain views under the same server",
    "revocation": "one notice for a grant held by many environments, beside bare inserts",
    "webhooks": "one change that many destinations are told, beside a bare keep-alive POST loop",
}


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The bench's `name` and options. Leaves with a sentence and code 2 where they are unfit."""
    parser = argparse.ArgumentParser(prog="./run bench", allow_abbrev=False)
    benches = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    for name, sentence in SENTENCES.items():
        bench = benches.add_parser(name, help=sentence, allow_abbrev=False)
        bench.add_argument("--rounds", type=positive, default=7, help="measured rounds (7)")
        bench.add_argument(
            "--write", action="store_true", help="put the figures into docs/benchmarks.md"
        )
        if name == "api":
            bench.add_argument(
                "--users", type=positive, default=1_000_000, help="of one environment (1000000)"
            )
            bench.add_argument(
                "--environments", type=positive, default=10_000, help="in all, from 4 on (10000)"
            )
        if name == "revocation":
            bench.add_argument(
                "--sizes",
                type=sizes,
                default=(1, 10, 100, 1000),
                help="how many environments hold the grant (1,10,100,1000)",
            )
        if name == "webhooks":
            bench.add_argument(
                "--destinations", type=positive, default=1000, help="how many are told (1000)"
            )
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return number


def sizes(text: str) -> tuple[int, ...]:
    """Numbers with commas between them; each counts once, the smallest first."""
    return tuple(sorted({positive(part.strip()) for part in text.split(",")}))


def listing() -> str:
    rows = [f"./run bench {name:<14} {sentence}" for name, sentence in SENTENCES.items()]
    return "\n".join([*rows, "", "Each takes --rounds N, and --write for docs/benchmarks.md."])
