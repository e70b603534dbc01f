import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections.sandbox import notices, server


class Command(BaseCommand):
    help = "Serve the sandbox on 127.0.0.1 until SIGTERM or SIGINT."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8001)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            http = server.start(port)
        except OSError as error:
            raise CommandError(f"port {port}: {error.strerror}") from error
        sender = notices.Sender()
        sender.start()
        self.stdout.write(f"sandbox ready on http://127.0.0.1:{http.server_port}")
        self.stdout.flush()
        stop.wait()
        sender.stop()
        http.shutdown()
        http.server_close()
