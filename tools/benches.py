"""`./run bench`: a bench on a database of its own, which is thrown away afterwards."""

import os
import sys
from urllib.parse import urlsplit

from benches import catalogue
from tools.environment import ROOT
from tools.postgres import create_database, database
from tools.processes import exit_on_signals, run_to_end
from tools.suite import test_environment


def main(arguments: list[str]) -> int:
    """Without arguments lists the benches; unfit ones are refused before anything is started."""
    if not arguments:
        print(catalogue.listing())
        return 0
    catalogue.read(arguments)
    exit_on_signals()
    with database(os.environ.get("DATABASE_URL", "")) as url:
        create_database(url, urlsplit(url).path.strip("/"))
        environment = test_environment(url) | {"DJANGO_SETTINGS_MODULE": "benches.settings"}
        return run_to_end([sys.executable, "-m", "benches", *arguments], env=environment, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
