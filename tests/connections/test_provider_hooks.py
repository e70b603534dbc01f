"""The doors of real providers as they are knocked at: tests of the address, and notices."""

import json
from typing import Any

import pytest
from django.test import Client

from connections import clients
from connections.models import Notice, OAuthClient
from connections.providers import fitbit, polar, strava

SECRET = "the client's own secret"


def hook(provider: str, **known: str) -> str:
    """The path of a new client's hook; `known` is what its provider told at its subscription."""
    added = clients.add(
        provider, client_id="hooked", client_secret=SECRET, notice_secret="told", simulated=True
    )
    OAuthClient.objects.filter(pk=added.client.pk).update(**known)
    return "/" + added.notice_url.split("/", 3)[3]


def knock(path: str, body: bytes, **headers: str) -> int:
    answer = Client().post(
        path,
        body,
        content_type="application/json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    return int(answer.status_code)


def stored() -> list[tuple[Any, ...]]:
    return list(Notice.objects.values_list("kind", "provider_user_id", "authorisation_number"))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_withings_looks_whether_the_address_is_there(db: None, method: str) -> None:
    answer = Client().generic(method, hook("WITHINGS") + "?authorisation_number=3")
    assert answer.status_code == 200


def test_withings_tells_of_an_unlinked_account(db: None) -> None:
    path = hook("WITHINGS") + "?authorisation_number=3"
    form = "application/x-www-form-urlencoded"
    said = b"userid=363&appli=46&action=unlink"
    assert Client().post(path, said, content_type=form).status_code == 200
    assert stored() == [("doubt", "363", 3)]
    assert Client().post(path, b"\x00garbage", content_type=form).status_code == 400
    assert len(stored()) == 1


def test_strava_shakes_hands_and_tells_of_a_revocation(db: None) -> None:
    path = hook("STRAVA", subscription_id="120475")
    asked = {"hub.mode": "subscribe", "hub.challenge": "15f7"}
    assert Client().get(path, asked | {"hub.verify_token": "guessed"}).status_code == 401
    shaken = Client().get(path, asked | {"hub.verify_token": strava.verify_token(SECRET)})
    assert (shaken.status_code, shaken["Content-Type"]) == (200, "application/json")
    assert shaken.json() == {"hub.challenge": "15f7"}
    said = {
        "object_type": "athlete",
        "aspect_type": "update",
        "updates": {"authorized": "false"},
        "owner_id": 134815,
        "subscription_id": 120475,
        "event_time": 1516126040,
    }
    assert knock(path, json.dumps(said).encode()) == 200
    assert stored() == [("doubt", "134815", None)]
    assert knock(path, json.dumps(said | {"subscription_id": 1}).encode()) == 401
    assert len(stored()) == 1


def test_polar_pings_before_it_signs(db: None) -> None:
    path = hook("POLAR")
    event = b'{"event":"EXERCISE","user_id":475}'
    assert knock(path, b'{"event":"PING"}') == 200
    assert knock(path, event) == 401
    assert knock(path, event, Polar_Webhook_Signature=polar.signature("told", event)) == 200
    assert stored() == []


def test_fitbit_tests_the_address_twice_and_tells_of_several_people(db: None) -> None:
    path = hook("FITBIT")
    assert Client().get(path, {"verify": "told"}).status_code == 204
    assert Client().get(path, {"verify": "guessed"}).status_code == 404
    entry = {"collectionType": "userRevokedAccess", "ownerType": "user", "subscriptionId": "1"}
    body = json.dumps([entry | {"ownerId": "A"}, entry | {"ownerId": "B"}]).encode()
    assert knock(path, body, X_Fitbit_Signature="wrong") == 404
    assert stored() == []
    assert knock(path, body, X_Fitbit_Signature=fitbit.signature(SECRET, body)) == 204
    assert sorted(stored()) == [("revoked", "A", None), ("revoked", "B", None)]


def test_garmin_is_known_by_the_client_it_names(db: None) -> None:
    path = hook("GARMIN")
    body = b'{"deregistrations":[{"userId":"d3315b10"}]}'
    assert knock(path, body) == 401
    assert knock(path, body, garmin_client_id="hooked") == 200
    assert stored() == [("doubt", "d3315b10", None)]
