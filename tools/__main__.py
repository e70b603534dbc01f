"""`./run`: finds or makes the environment, then becomes the command."""

import os
import sys
from collections.abc import Callable

from tools.console import say
from tools.environment import ROOT, NotReadyError, ensure

HELP = """Terra Portal

./run demo [--reset]        portal, worker and sandbox wearable on this machine; --reset begins anew
./run test [pytest …]       the tests, on PostgreSQL (DATABASE_URL, or a throw-away cluster)
./run check                 lint, types, import contract, templates, migrations, deployment checks
./run breakages [name …]    breaks each invariant in a scratch copy; the named tests must fail
./run bench [NAME …]        measures beside a yardstick, on PostgreSQL; alone, lists what there is
./run matrix [pytest …]     every provider in every case over HTTP; writes docs/providers.md
./run openapi               writes the API's OpenAPI document into docs/openapi.json
./run manage COMMAND …      Django's manage.py, on the demo's data unless DATABASE_URL is set
./run help                  this

Ports of the demo: PORTAL_PORT (8000), SANDBOX_PORT (8001). Its data and keys are kept in var/.
"""

PORTS = {"PORTAL_PORT": "8000", "SANDBOX_PORT": "8001"}


def demo(arguments: list[str]) -> None:
    """The demo keeps to `var/`, whatever database or broker the shell has set.

    Without ports of its own it takes the usual ones, not those that it last ran on.
    """
    _manage(["demo", *arguments], PORTS | demo_environment())


def manage(arguments: list[str]) -> None:
    given = dict(os.environ) if os.environ.get("DATABASE_URL") else demo_environment()
    _manage(arguments, given)


def openapi(arguments: list[str]) -> None:
    _manage(["openapi", *arguments], demo_environment())


def test(arguments: list[str]) -> None:
    _become("requirements-dev.txt", ["-m", "tools.suite", *arguments], dict(os.environ))


def check(arguments: list[str]) -> None:
    _become("requirements-dev.txt", ["-m", "tools.checks", *arguments], dict(os.environ))


def breakages(arguments: list[str]) -> None:
    _become("requirements-dev.txt", ["-m", "tools.breakages", *arguments], dict(os.environ))


def bench(arguments: list[str]) -> None:
    _become("requirements.txt", ["-m", "tools.benches", *arguments], dict(os.environ))


def matrix(arguments: list[str]) -> None:
    _become("requirements-dev.txt", ["-m", "tools.matrix", *arguments], dict(os.environ))


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "breakages": breakages,
    "bench": bench,
    "matrix": matrix,
    "openapi": openapi,
    "manage": manage,
}


def demo_environment() -> dict[str, str]:
    outside = {"DATABASE_URL", "CELERY_BROKER_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in outside}
    return kept | {"DJANGO_SETTINGS_MODULE": "terra_portal.settings", "TERRA_PORTAL_DEMO": "1"}


def _manage(arguments: list[str], environment: dict[str, str]) -> None:
    _become("requirements-demo.txt", ["manage.py", *arguments], environment)


def _become(requirements: str, arguments: list[str], environment: dict[str, str]) -> None:
    """Replaces this process, so that signals and the exit code are the command's own."""
    python = str(ensure(requirements))
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(python, [python, *arguments], environment)


def main(arguments: list[str]) -> int:
    name, *rest = arguments or ["help"]
    if name in {"help", "-h", "--help"}:
        print(HELP)
        return 0
    if name not in COMMANDS:
        say(f"./run knows no command {name!r}.\n\n{HELP}")
        return 2
    try:
        COMMANDS[name](rest)
    except NotReadyError as error:
        say(str(error))
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    return 1


sys.exit(main(sys.argv[1:]))
