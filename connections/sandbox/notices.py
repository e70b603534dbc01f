"""Notices to apps: written as rows beside the change, signed and sent by a thread."""

import hashlib
import hmac
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import requests
from django.db import close_old_connections, transaction
from django.utils import timezone

from . import dials
from .models import Consent, Notice, Sending

log = logging.getLogger(__name__)

RETRY_AFTER = (0.5, 1, 2, 4, 8, 16)
TIMEOUT = 10
# A claimed sending is left alone for longer than its POST can take.
CLAIM = timedelta(seconds=2 * TIMEOUT + 5)
PAUSE = 0.1
LANES = 4


def announce(consent: Consent) -> Notice | None:
    """Plan the notice that this consent has ended. Call it in the transaction that ends it."""
    turned = dials.read()
    if turned.notices == "never" or not consent.app.notice_url:
        return None
    notice = Notice(app=consent.app, account=consent.account)
    told = {
        "id": notice.notice_id,
        "type": "access_revoked",
        "client_id": consent.app.client_id,
        "user_id": consent.account.user_id,
        "consent_id": consent.consent_id,
        "occurred_at": (consent.ended_at or timezone.now()).isoformat(timespec="microseconds"),
    }
    if not turned.notice_names_consent:
        del told["consent_id"]
    notice.body = json.dumps(told)
    notice.save()
    late = [turned.late_notice_seconds] if turned.notices == "twice" else []
    plan(notice, 0, *late)
    return notice


def plan(notice: Notice, *seconds: float, forged: bool = False) -> None:
    now = timezone.now()
    for wait in seconds:
        due_at = now + timedelta(seconds=wait)
        Sending.objects.create(notice=notice, due_at=due_at, forged=forged)


def sign(body: str, secret: str, timestamp: int) -> str:
    signed = f"{timestamp}.{body}".encode()
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def send(sending: Sending) -> None:
    """POST one claimed sending, and plan its next try if the app did not answer 2xx."""
    status = _post(sending)
    sending.last_status = status
    now = timezone.now()
    if status is not None and 200 <= status < 300:
        sending.done_at = now
    elif sending.attempts > len(RETRY_AFTER):
        sending.given_up_at = now
    else:
        sending.due_at = now + timedelta(seconds=RETRY_AFTER[sending.attempts - 1])
    sending.save()


def _post(sending: Sending) -> int | None:
    notice, timestamp = sending.notice, int(time.time())
    secret = "wrong" if sending.forged else notice.app.client_secret
    signature = sign(notice.body, secret, timestamp)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                notice.app.notice_url,
                data=notice.body.encode(),
                headers={
                    "Content-Type": "application/json",
                    "Sandbox-Signature": f"t={timestamp},v1={signature}",
                },
                timeout=TIMEOUT,
                allow_redirects=False,
            )
    except requests.RequestException:
        return None
    return answer.status_code


@transaction.atomic
def claim(limit: int) -> list[Sending]:
    """Take due sendings by moving their time, so that a killed process frees them again."""
    now = timezone.now()
    due = Sending.objects.filter(done_at=None, given_up_at=None, due_at__lte=now)
    claimed = list(due.select_related("notice__app").order_by("due_at")[:limit])
    for sending in claimed:
        sending.attempts += 1
        sending.due_at = now + CLAIM
        sending.save(update_fields=["attempts", "due_at"])
    return claimed


class Sender(threading.Thread):
    """Sends due notices until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(name="notices", daemon=True)
        self._stopped = threading.Event()
        self._free = threading.BoundedSemaphore(LANES)

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        with ThreadPoolExecutor(LANES, "notice") as lanes:
            while not self._stopped.wait(PAUSE):
                self._step(lanes)

    def _step(self, lanes: ThreadPoolExecutor) -> None:
        try:
            if self._due_exists():
                for sending in claim(LANES):
                    self._free.acquire()
                    lanes.submit(self._send, sending)
        except Exception:
            log.exception("notices wait for the next round")
        finally:
            close_old_connections()

    def _due_exists(self) -> bool:
        """Look without the write lock: this is asked ten times a second."""
        now = timezone.now()
        return Sending.objects.filter(done_at=None, given_up_at=None, due_at__lte=now).exists()

    def _send(self, sending: Sending) -> None:
        try:
            send(sending)
        except Exception:
            log.exception("a notice could not be sent")
        finally:
            self._free.release()
            close_old_connections()
