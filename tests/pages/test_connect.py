"""The whole way through the end user's pages, over a real wearable company."""

from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django.fixtures import Settings

from tests.pages.person import Asking, Person, query, text

SUCCESS = "https://alder.example/done?plan=7&plan=8"
FAILURE = "https://alder.example/failed?keep=1"


def test_the_person_lands_on_the_success_url_with_its_own_query_kept(
    a: Asking, person: Person
) -> None:
    landed = person.connect(a.link(reference_id="p-1", success_url=SUCCESS))
    [user] = a.users()
    assert landed.status_code == 302
    assert landed["Location"] == (
        f"https://alder.example/done?plan=7&plan=8&user_id={user.pk}"
        "&resource=SANDBOX&reference_id=p-1"
    )
    assert user.reference_id == "p-1"
    assert a.told("auth") == ["connected"]


def test_without_a_reference_the_word_null_is_sent(a: Asking, person: Person) -> None:
    landed = person.connect(a.link(success_url="https://alder.example/"))
    assert query(landed["Location"])["reference_id"] == "null"


def test_an_app_is_reached_by_its_scheme(a: Asking, person: Person) -> None:
    landed = person.connect(a.link(success_url="alder-app://connected"))
    assert landed["Location"].startswith("alder-app://connected?user_id=")


def test_without_addresses_the_portal_shows_its_own_page(a: Asking, person: Person) -> None:
    landed = person.connect(a.link())
    assert landed.status_code == 200
    assert "Sandbox is connected" in text(landed)
    assert "Alder Health" in text(landed)


def test_the_same_account_at_two_companies_gives_two_users(
    a: Asking, b: Asking, person: Person
) -> None:
    person.connect(a.link())
    person.connect(b.link())
    assert len({a.users()[0].pk, b.users()[0].pk}) == 2


def test_denying_lands_on_the_failure_url(a: Asking, person: Person) -> None:
    landed = person.connect(a.link(reference_id="p-1", failure_url=FAILURE), "deny")
    assert landed["Location"] == (
        "https://alder.example/failed?keep=1&resource=SANDBOX&reference_id=p-1&reason=access_denied"
    )
    assert (a.users(), a.told()) == ([], ["access_denied"])


def test_denying_without_a_failure_url_says_so_and_offers_another_try(
    a: Asking, person: Person
) -> None:
    landed = person.connect(a.link(), "deny")
    assert "You did not give access, so nothing was connected." in text(landed)
    action = text(landed).split('method="post" action="')[1].split('"')[0]
    again = person.browser.post(action)
    assert person.get(person.decide(again["Location"])).status_code == 200
    assert len(a.users()) == 1


def test_another_browser_cannot_try_again_in_somebodys_name(a: Asking, person: Person) -> None:
    landed = person.connect(a.link(), "deny")
    action = text(landed).split('method="post" action="')[1].split('"')[0]
    assert Client().post(action).status_code == 400


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("500", "provider_unavailable"),
        ("drop", "provider_unavailable"),
        ("slow:5", "provider_unavailable"),
        ("410", "provider_retired"),
        ("html", "provider_error"),
        ("garbage", "provider_error"),
        ("empty", "provider_error"),
        ("huge", "provider_error"),
        ("redirect", "provider_error"),
        ("invalid_client", "provider_error"),
        ("invalid_grant", "provider_error"),
    ],
)
def test_a_failing_provider_is_told_in_one_reason_and_leaves_nothing(
    a: Asking, person: Person, answer: str, reason: str
) -> None:
    person.sandbox.control("PATCH", "dials", {"token_answer": answer})
    landed = person.connect(a.link(failure_url=FAILURE))
    assert query(landed["Location"])["reason"] == reason
    assert (a.users(), a.told()) == ([], [reason])


def test_two_tabs_of_one_browser_do_not_meet(a: Asking, b: Asking, person: Person) -> None:
    first, second = person.start(a.link()), person.start(b.link())
    assert person.get(person.decide(second)).status_code == 200
    assert person.get(person.decide(first)).status_code == 200
    assert (len(a.users()), len(b.users())) == (1, 1)


def test_a_browser_keeps_twenty_attempts_and_the_newest_is_among_them(
    a: Asking, person: Person
) -> None:
    link = a.link()
    authorize_urls = [person.start(link) for _ in range(23)]
    assert len(person.attempt_cookies) == 20
    assert person.get(person.decide(authorize_urls[-1])).status_code == 200
    assert len(a.users()) == 1


def test_the_cookie_of_an_attempt(a: Asking, person: Person) -> None:
    person.start(a.link())
    [name] = person.attempt_cookies
    morsel = person.browser.cookies[name]
    assert (morsel["path"], morsel["samesite"], morsel["httponly"]) == ("/connect/", "Lax", True)
    assert (morsel["max-age"], morsel["secure"]) == (900, "")


def test_over_tls_the_cookie_is_secure(a: Asking, person: Person, settings: Settings) -> None:
    settings.OVER_TLS = True
    person.start(a.link())
    assert person.browser.cookies[person.attempt_cookies[0]]["secure"] is True


def test_the_redirect_uri_names_the_provider_in_lower_case(a: Asking, person: Person) -> None:
    sent_to = query(person.start(a.link()))
    assert urlsplit(sent_to["redirect_uri"]).path == "/connect/callback/sandbox/"


def test_no_session_and_no_other_cookie_is_made(a: Asking, person: Person) -> None:
    link = a.link()
    person.get(link)
    person.connect(link)
    assert set(person.browser.cookies) == set(person.attempt_cookies)
    assert Session.objects.count() == 0
