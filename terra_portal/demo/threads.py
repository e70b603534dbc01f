"""Portal, worker and beat as threads of this process, over `memory://`."""

import threading
from typing import Any

from celery.beat import Scheduler, Service
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from terra_portal.celery import app, worker_runs_here

WORKER_THREADS = 4
STOP_SECONDS = 1.5


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed per request: addresses hold link tokens."""


class Server(ThreadedWSGIServer):
    request_queue_size = 128


class Threads:
    """Started in one go, stopped within two seconds even if a task still waits for an answer."""

    def __init__(self) -> None:
        self._web = Server(("127.0.0.1", settings.PORTAL_PORT), Handler, ipv6=False)
        self._web.set_app(get_wsgi_application())
        worker_runs_here()
        self._worker = app.WorkController(
            pool="threads",
            concurrency=WORKER_THREADS,
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            loglevel="WARNING",
        )
        # Nothing to remember between starts: every sweep is due at once.
        self._beat = Service(app, scheduler_cls=Scheduler)

    def start(self) -> None:
        for name, run in (
            ("worker", self._worker.start),
            ("beat", self._beat.start),
            ("web", self._serve),
        ):
            threading.Thread(target=run, name=name, daemon=True).start()

    def _serve(self) -> None:
        self._web.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        self._web.shutdown()
        self._web.server_close()
        self._beat.stop(wait=False)
        ending = threading.Thread(target=self._worker.stop, daemon=True)
        ending.start()
        ending.join(STOP_SECONDS)
