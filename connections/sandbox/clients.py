"""Registering the apps of developers."""

from collections.abc import Sequence

from django.db import transaction

from . import personalities
from .models import App
from .reach import is_address


@transaction.atomic
def register(
    client_id: str,
    *,
    client_secret: str,
    name: str,
    redirect_uris: Sequence[str],
    notice_url: str,
    personality: str = personalities.NATIVE,
    notice_secret: str = "",
) -> App:
    """Make the app, or change the one of that client id. Raises ``ValueError`` with a sentence."""
    if not client_id or not client_secret or any(c.isspace() for c in client_id):
        raise ValueError("A client needs an id without spaces and a secret.")
    if not redirect_uris:
        raise ValueError("A client needs at least one redirect URL.")
    for url in [*redirect_uris, *filter(None, [notice_url])]:
        if not is_address(url):
            raise ValueError(f"{url} is not an http or https URL.")
    company = personalities.named(personality)
    app = App.objects.filter(client_id=client_id).first() or App(client_id=client_id)
    if app.pk and app.personality != company.id:
        raise ValueError(f"This client id is registered with {personalities.of(app)}.")
    if (app.notice_url, app.notice_secret) != (notice_url, notice_secret):
        app.notice_verified_at = None
    app.client_secret, app.hash_client_secret = client_secret, False
    app.name, app.redirect_uris = name or client_id, " ".join(redirect_uris)
    app.personality, app.notice_url, app.notice_secret = company.id, notice_url, notice_secret
    app.client_type = App.CLIENT_CONFIDENTIAL
    app.authorization_grant_type = App.GRANT_AUTHORIZATION_CODE
    app.save()
    return app
