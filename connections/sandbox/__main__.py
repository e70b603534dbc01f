import argparse
import os
from pathlib import Path

import django
from django.core.management import CommandError, call_command


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m connections.sandbox")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data", type=Path, required=True, help="folder of database and key")
    parser.add_argument("--control-key", help="protects /control/ (else SANDBOX_CONTROL_KEY)")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "connections.sandbox.settings"
    os.environ["SANDBOX_DATA"] = str(options.data.resolve())
    if options.control_key is not None:
        os.environ["SANDBOX_CONTROL_KEY"] = options.control_key
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    try:
        call_command("serve", port=options.port)
    except CommandError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
