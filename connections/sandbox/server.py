"""The threaded WSGI server under the sandbox: silent, and able to hang up on a caller."""

import sys
import threading
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application


class Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "sandbox.connection": self.connection}

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed per request."""


class Server(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who is gone, or whom a dial made us hang up on, is no error."""
        if not isinstance(sys.exception(), OSError | ValueError):
            super().handle_error(request, client_address)


def start(port: int) -> Server:
    """Listen on 127.0.0.1 and serve in a thread. Raises ``OSError`` if the port is taken."""
    server = Server(("127.0.0.1", port), Handler)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server
