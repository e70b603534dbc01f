import os
import signal
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from terra_portal.demo import assets, folder, people, wiring
from terra_portal.demo.sandbox import Control, SandboxError, SandboxProcess
from terra_portal.demo.seed import seed
from terra_portal.demo.terminal import Terminal
from terra_portal.demo.threads import Threads

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCH_SECONDS = 0.2


class StopDemo(BaseException):
    """Somebody asked us to end. No `except Exception` on the way may catch it."""


def _stop(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StopDemo


class Command(BaseCommand):
    help = "Portal, worker, beat and sandbox wearable on this machine; ./run demo calls it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="begin anew, without any data")

    def handle(self, *args: Any, reset: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo has settings of its own: start it with ./run demo.")
        self.terminal = Terminal(self.stdout)
        for number in SIGNALS:
            signal.signal(number, _stop)
        try:
            with folder.alone():
                folder.claim_ports()
                if reset:
                    folder.empty()
                folder.remember_ports()
                self._run()
        except (folder.BusyError, SandboxError) as error:
            raise CommandError(str(error)) from error
        except StopDemo:
            self.terminal.say("Stopped.")
            # A task that still waits for an answer must not hold up the end; its row keeps it.
            os._exit(0)

    def _run(self) -> None:
        """Serves until told to stop; raises SandboxError if the sandbox ends before."""
        sandbox = SandboxProcess()
        threads: Threads | None = None
        try:
            inboxes = self._prepare(sandbox)
            threads = Threads()
            threads.start()
            portal, wearable = settings.PUBLIC_BASE_URL, settings.SANDBOX_URL
            self.terminal.where_to_go(portal, wearable, people.EVERYBODY, inboxes)
            while sandbox.exit_code is None:
                time.sleep(WATCH_SECONDS)
            raise SandboxError("The sandbox has ended by itself, so the demo stops, too.")
        finally:
            sandbox.stop()
            if threads is not None:
                threads.stop()

    def _prepare(self, sandbox: SandboxProcess) -> dict[str, str]:
        """All that must be there before anybody comes; the inboxes' pages, by company."""
        step = self.terminal.step
        with step("database"):
            call_command("migrate", interactive=False, verbosity=0)
        with step("pages"):
            assets.collect()
        with step("sandbox wearable"):
            sandbox.wait_until_ready()
            control = Control()
            client = wiring.register_clients(control)
        if not people.are_there():
            self.terminal.say("  two companies and ninety days of history; only this once")
            with step("data"):
                seed(client, control, self.terminal.alive)
        sides = people.sides()
        return {name: wiring.join_inbox(side, control) for name, side in sides.items()}
