"""POST /auth/generateWidgetSession: a link for one person, as Terra's clients ask for it."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from connections.models import ConnectSession
from developers.models import Environment
from tests import cast
from tests.api.caller import Caller, caller

PATH = "/auth/generateWidgetSession"


@pytest.fixture(autouse=True)
def offered(a: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())


def test_it_opens_a_session(a: Caller) -> None:
    answer = a.post(
        PATH,
        {
            "reference_id": "runner-7",
            "auth_success_redirect_url": "https://app.example/yes?x=1",
            "auth_failure_redirect_url": "myapp://no",
            "show_disconnect": True,
        },
    )

    session = ConnectSession.objects.get()
    assert answer.status == 200
    assert answer.body == {
        "status": "success",
        "session_id": str(session.id),
        "url": answer.body["url"],
        "expires_in": 900,
    }
    assert answer.body["url"].startswith(f"{settings.PUBLIC_BASE_URL}/connect/")
    assert session.environment == a.environment
    assert session.reference_id == "runner-7"
    assert session.success_url == "https://app.example/yes?x=1"
    assert session.failure_url == "myapp://no"
    assert session.show_disconnect is True
    assert session.expires_at - session.created_at == timedelta(seconds=900)


@pytest.mark.parametrize(
    ("path", "prefix"), [(PATH, "/api/v2"), ("/widget/session", "/api")], ids=["v2", "widget"]
)
def test_other_addresses_of_the_same(a: Caller, path: str, prefix: str) -> None:
    a.prefix = prefix

    assert a.post(path, {"reference_id": "r"}).status == 200
    assert ConnectSession.objects.get().reference_id == "r"


@pytest.mark.parametrize("body", ["", "{}", "null", '{"reference_id": null, "providers": null}'])
def test_everything_may_be_left_out(a: Caller, body: str) -> None:
    assert a.send("POST", PATH, data=body).status == 200

    session = ConnectSession.objects.get()
    assert session.reference_id == ""
    assert session.success_url == ""
    assert session.show_disconnect is False


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("SANDBOX", ["SANDBOX"]),
        (" sandbox , SandBox,", ["SANDBOX"]),
        ("", []),
        (" , ", []),
    ],
)
def test_providers_are_trimmed_and_case_folded(a: Caller, sent: str, kept: list[str]) -> None:
    assert a.post(PATH, {"providers": sent}).status == 200

    assert ConnectSession.objects.get().providers == kept


def test_language_is_trimmed_and_case_folded(a: Caller) -> None:
    assert a.post(PATH, {"language": " EN "}).status == 200

    assert ConnectSession.objects.get().language == "en"


@pytest.mark.parametrize("language", ["tlh", "zh-Hant", "english", ""])
def test_an_unknown_language_falls_back(a: Caller, language: str) -> None:
    answer = a.post(PATH, {"language": language})

    page = Client().get(urlsplit(answer.body["url"]).path)
    assert (answer.status, page.status_code) == (200, 200)
    assert '<html lang="en"' in page.content.decode()


def test_unknown_keys_are_ignored(a: Caller) -> None:
    sent = {"webhook_url": "https://x.example", "use_terra_avengers_app": True, "environment": "x"}

    assert a.post(PATH, sent).status == 200


def test_a_reference_of_512_characters_is_kept(a: Caller) -> None:
    assert a.post(PATH, {"reference_id": "é" * 512}).status == 200

    assert ConnectSession.objects.get().reference_id == "é" * 512


def test_production_returns_only_to_addresses_on_its_list(db: None) -> None:
    production = caller(cast.company("P"), "production")
    cast.source(production.environment, cast.oauth_client())
    Environment.objects.filter(pk=production.environment.pk).update(
        return_origins=["https://app.example"]
    )

    listed = production.post(PATH, {"auth_success_redirect_url": "https://app.example/yes"})
    other = production.post(PATH, {"auth_success_redirect_url": "https://app.example.evil/yes"})

    assert listed.status == 200
    assert other.status == 400
    assert other.body["detail"].startswith("auth_success_redirect_url: ")
