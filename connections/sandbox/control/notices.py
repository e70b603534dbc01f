import json

from .. import notices
from ..models import Account, App, Notice
from .access import Answer, Asked, Missing, control

LIMIT = 100


@control("GET")
def listed(asked: Asked) -> Answer:
    """The latest notices and how their sendings went, newest first."""
    found = Notice.objects.order_by("-pk").prefetch_related("sendings", "app")[:LIMIT]
    return [_shown(notice) for notice in found]


@control("POST")
def draft(asked: Asked) -> Answer:
    """What the client would be told if the person revoked now, to be sent by ``forge``."""
    account = Account.objects.filter(name=asked["account"]).first()
    if account is None:
        raise Missing("nobody has used this account name")
    told = notices.draft(account, _app(asked["client_id"]))
    return [{"body": one.body, "content_type": one.content_type, "url": one.url} for one in told]


@control("POST")
def resend(asked: Asked) -> Answer:
    """Send a notice once more: same id, same body, fresh signature."""
    notice = Notice.objects.filter(notice_id=asked["id"]).first()
    if notice is None:
        raise Missing("no such notice")
    notices.plan(notice, 0)
    return _shown(notice)


@control("POST")
def forge(asked: Asked) -> Answer:
    """Send ``body`` (an object, or a string as it is) to a client's notice URL, or to ``url``.

    It carries the proof of its personality, made with the client's own credentials; with those of
    the client ``in_name_of`` if that is given; a wrong one if ``signature`` is ``wrong``.
    """
    app = _app(asked["client_id"])
    sender = _app(asked["in_name_of"]) if "in_name_of" in asked else None
    body = asked["body"] if isinstance(asked["body"], str) else json.dumps(asked["body"])
    notice = Notice.objects.create(
        app=app,
        body=body,
        url=asked.get("url", ""),
        content_type=asked.get("content_type", "application/json"),
    )
    notices.plan(notice, 0, forged=asked.get("signature") == "wrong", in_name_of=sender)
    return _shown(notice)


def _app(client_id: str) -> App:
    app: App | None = App.objects.filter(client_id=client_id).first()
    if app is None:
        raise Missing("no such client")
    return app


def _shown(notice: Notice) -> dict[str, object]:
    sendings = notice.sendings.order_by("pk")
    return {
        "id": notice.notice_id,
        "client_id": notice.app.client_id,
        "body": notice.body,
        "sendings": [
            {"attempts": one.attempts, "status": one.last_status, "done": bool(one.done_at)}
            for one in sendings
        ],
    }
