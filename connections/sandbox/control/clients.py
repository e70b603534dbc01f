from .. import clients, personalities
from ..models import App
from .access import Answer, Asked, Missing, control


@control("PUT")
def put(asked: Asked) -> Answer:
    app = clients.register(
        asked["client_id"],
        client_secret=asked["client_secret"],
        name=asked.get("name", ""),
        redirect_uris=asked["redirect_uris"],
        notice_url=asked.get("notice_url", ""),
        personality=asked.get("personality", personalities.NATIVE),
        notice_secret=asked.get("notice_secret", ""),
    )
    return {"client_id": app.client_id}


@control("POST")
def verify(asked: Asked) -> Answer:
    """Test the notice URL now, where the company tests it before its first notice."""
    app = App.objects.filter(client_id=asked["client_id"]).first()
    if app is None:
        raise Missing("no such client")
    return {"verified": personalities.of(app).may_notify(app)}
