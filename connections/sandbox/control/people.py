"""What a person does on the pages, without the clicks."""

from urllib.parse import urlsplit

from django.utils import timezone

from .. import authorise, notices, personalities, revocation
from ..models import AccessToken, Account, App, Consent, RefreshToken, Subscription
from ..models.token import unspent
from .access import Answer, Asked, Missing, control


@control("GET")
def account(asked: Asked, name: str) -> Answer:
    """What lives of an account's consents; no secrets."""
    person = _person(name)
    consents = Consent.objects.live().filter(account=person).select_related("app").order_by("pk")
    access = AccessToken.objects.filter(user=person)
    refresh = RefreshToken.objects.filter(unspent(timezone.now()), user=person)
    subscriptions = Subscription.objects.filter(account=person).order_by("pk")
    return {
        "account": person.name,
        "user_id": person.user_id,
        "ids": {one.id: one.account_id(person) for one in personalities.everyone().values()},
        "consents": [
            {
                "consent_id": consent.consent_id,
                "client_id": consent.app.client_id,
                "scope": consent.scope,
                "created_at": consent.created_at.isoformat(),
            }
            for consent in consents
        ],
        "subscriptions": [
            {"client_id": one.app and one.app.client_id, "kind": one.kind, "key": one.key}
            for one in subscriptions.select_related("app")
        ],
        "access_tokens": list(access.values_list("application__client_id", flat=True)),
        "refresh_tokens": list(refresh.values_list("application__client_id", flat=True)),
    }


@control("POST")
def authorize(asked: Asked) -> Answer:
    """Sign in as ``account`` and press *Allow* or *Deny* at any personality's authorise URL."""
    if asked["decision"] not in ("allow", "deny"):
        raise ValueError("decision is allow or deny")
    url = urlsplit(asked["authorize_url"])
    try:
        request = authorise.read(f"{url.path}?{url.query}")
    except authorise.SentBack as back:
        return {"redirect": back.url}
    except authorise.Refused as refused:
        raise ValueError(str(refused)) from refused
    if asked["decision"] == "deny":
        return {"redirect": authorise.deny(request)}
    name = Account.clean_name(asked["account"])
    if name is None:
        raise ValueError("this is no account name")
    scopes = asked.get("scopes", request.scopes)
    return {"redirect": authorise.allow(request, Account.objects.named(name), scopes)}


@control("POST")
def revoke(asked: Asked) -> Answer:
    """Press *Revoke access*, for one app or for all of them."""
    app = _app(asked["client_id"]) if "client_id" in asked else None
    return {"revoked": revocation.by_person(_person(asked["account"]), app)}


@control("POST")
def permissions(asked: Asked) -> Answer:
    """Tick and untick what an app may read, after the consent, where the company allows that."""
    person, app = _person(asked["account"]), _app(asked["client_id"])
    scopes = asked["scopes"]
    if not isinstance(scopes, list):
        raise ValueError("scopes is a list")
    return {"changed": revocation.change_permissions(person, app, [str(one) for one in scopes])}


@control("POST")
def news(asked: Asked) -> Answer:
    """There is new data of the person, or they changed their profile: the app is told of it."""
    person, app = _person(asked["account"]), _app(asked["client_id"])
    return {"told": notices.of_news(person, app)}


@control("POST")
def delete_account(asked: Asked) -> Answer:
    """Delete the account at one company, where that company tells its apps."""
    person = _person(asked["account"])
    return {"revoked": revocation.by_deletion(person, asked["personality"])}


def _app(client_id: str) -> App:
    app: App | None = App.objects.filter(client_id=client_id).first()
    if app is None:
        raise Missing("no such client")
    return app


def _person(name: str) -> Account:
    person = Account.objects.filter(name=name).first()
    if person is None:
        raise Missing("nobody has used this account name")
    return person
