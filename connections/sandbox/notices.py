"""Notices to apps: written as rows beside the change, signed and sent by a thread."""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import close_old_connections, transaction
from django.utils import timezone

from . import personalities
from .models import Account, App, Consent, Notice, Sending
from .models.consent import End
from .models.notice import new_notice_id
from .reach import TIMEOUT, reach

if TYPE_CHECKING:
    from .personality import Personality

log = logging.getLogger(__name__)

RETRY_AFTER = (0.5, 1, 2, 4, 8, 16)
# A claimed sending is left alone for longer than its test of the URL and its POST can take.
CLAIM = timedelta(seconds=4 * TIMEOUT + 5)
PAUSE = 0.1
LANES = 4


@dataclass(frozen=True)
class Told:
    """One thing to tell an app; ``url`` where it is not the app's own notice URL."""

    body: str
    content_type: str = "application/json"
    url: str = ""
    notice_id: str = field(default_factory=new_notice_id)


def tell(app: App, account: Account | None, told: Sequence[Told]) -> None:
    """Plan the sendings. Call it in the transaction of the change that they tell of."""
    turned = personalities.of(app).dials()
    if turned.notices == "never":
        return
    late = [turned.late_notice_seconds] if turned.notices == "twice" else []
    for one in told:
        if one.url or app.notice_url:
            notice = Notice.objects.create(app=app, account=account, **vars(one))
            plan(notice, 0, *late)


@transaction.atomic
def of_news(account: Account, app: App) -> int:
    """Tell of new data of the account, where a consent is live. Says how many notices that is."""
    consent = Consent.objects.live().filter(account=account, app=app).order_by("pk").last()
    told = personalities.of(app).tells_news(consent) if consent else []
    tell(app, account, told)
    return len(told)


def draft(account: Account, app: App) -> list[Told]:
    """What the app would be told if the person revoked now. Nothing changes, nothing is sent."""
    consents = list(Consent.objects.live().filter(account=account, app=app).order_by("pk"))
    with transaction.atomic():
        told = personalities.of(app).tells_end(consents, End.PERSON) if consents else []
        transaction.set_rollback(True)
    return told


def plan(
    notice: Notice, *seconds: float, forged: bool = False, in_name_of: App | None = None
) -> None:
    now = timezone.now()
    for wait in seconds:
        due_at = now + timedelta(seconds=wait)
        Sending.objects.create(notice=notice, due_at=due_at, forged=forged, in_name_of=in_name_of)


def send(sending: Sending) -> None:
    """POST one claimed sending, and plan its next try if the app did not answer as it should."""
    personality = personalities.of(sending.notice.app)
    status = _post(sending, personality)
    sending.last_status = status
    now = timezone.now()
    if status is not None and personality.is_heard(status):
        sending.done_at = now
    elif sending.attempts > len(RETRY_AFTER):
        sending.given_up_at = now
    else:
        sending.due_at = now + timedelta(seconds=RETRY_AFTER[sending.attempts - 1])
    sending.save()


def _post(sending: Sending, personality: "Personality") -> int | None:
    notice = sending.notice
    if not personality.may_send(notice):
        return None
    sender = sending.in_name_of or notice.app
    body = personality.notice_body(notice, sender, forged=sending.forged)
    proof = personality.notice_headers(body, sender, forged=sending.forged)
    answer = reach(
        "POST",
        notice.url or notice.app.notice_url,
        body=body,
        headers={"Content-Type": notice.content_type, **proof},
    )
    return None if answer is None else answer.status_code


@transaction.atomic
def claim(limit: int) -> list[Sending]:
    """Take due sendings by moving their time, so that a killed process frees them again."""
    now = timezone.now()
    due = Sending.objects.filter(done_at=None, given_up_at=None, due_at__lte=now)
    claimed = list(due.select_related("notice__app", "in_name_of").order_by("due_at")[:limit])
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
