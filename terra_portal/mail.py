"""Mail that the portal writes of itself: plain text from `templates/mail/`, one to each person."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from terra_portal.network import refuse_in_transaction

logger = logging.getLogger(__name__)


def send(name: str, to: Iterable[str], context: Mapping[str, Any]) -> bool:
    """Sends the mail `name` to each address; false where the mail server did not take it.

    Never inside a transaction: it waits for a network.
    """
    refuse_in_transaction()
    said = {**context, "domain": settings.PUBLIC_HOST}
    subject = " ".join(render_to_string(f"mail/{name}_subject.txt", said).split())
    body = render_to_string(f"mail/{name}_message.txt", said).strip() + "\n"
    messages = [EmailMessage(subject, body, to=[address]) for address in to]
    try:
        get_connection().send_messages(messages)
    except Exception as error:
        # Backends raise what they like; whoever asked tries again later.
        logger.error("the mail %s was not taken: %s", name, type(error).__name__)
        return False
    return True
