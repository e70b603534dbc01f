"""Registering the apps of developers."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from .models import App


def register(
    client_id: str, *, client_secret: str, name: str, redirect_uris: Sequence[str], notice_url: str
) -> App:
    """Make the app, or change the one of that client id. Raises ``ValueError`` with a sentence."""
    if not client_id or not client_secret or any(c.isspace() for c in client_id):
        raise ValueError("A client needs an id without spaces and a secret.")
    if not redirect_uris:
        raise ValueError("A client needs at least one redirect URL.")
    for url in [*redirect_uris, *filter(None, [notice_url])]:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ValueError(f"{url} is not an http or https URL.")
    app: App
    app, _ = App.objects.update_or_create(
        client_id=client_id,
        defaults={
            "client_secret": client_secret,
            "hash_client_secret": False,
            "name": name or client_id,
            "redirect_uris": " ".join(redirect_uris),
            "notice_url": notice_url,
            "client_type": App.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": App.GRANT_AUTHORIZATION_CODE,
        },
    )
    return app
