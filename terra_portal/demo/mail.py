"""Sent mail as files, and as pages to read: the demo sends nothing anywhere."""

import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage as Message
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from terra_portal import crypto


@dataclass(frozen=True)
class Mail:
    name: str
    to: str
    subject: str
    sent_at: datetime
    text: str


def folder() -> Path:
    return Path(settings.VAR_DIR) / "mail"


class MailboxBackend(BaseEmailBackend):
    """Each mail is a file of its own; names begin with the time, so they sort by it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder().mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%dT%H%M%S%f}-{crypto.random_token(6)}.eml"
            # Written whole before it is listed.
            part = folder() / f"{name}.part"
            part.touch(mode=0o600)
            part.write_bytes(message.message().as_bytes())
            part.rename(folder() / name)
        return len(email_messages)


def listed() -> list[Mail]:
    """Every mail, newest first."""
    return [_read(path) for path in sorted(folder().glob("*.eml"), reverse=True)]


def find(name: str) -> Mail | None:
    """The mail of that name; only names that the list shows are looked up."""
    return next((mail for mail in listed() if mail.name == name), None)


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), _class=Message, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    return Mail(
        name=path.stem,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        sent_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        text=str(body.get_content()) if body else "",
    )
