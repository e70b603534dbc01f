"""The link itself: open, closed, unknown."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from connections import links
from connections.models import ConnectSession
from connections.pages.urls import urlpatterns
from terra_portal import clock
from tests.pages.person import Asking, Person, form_action, query, text

FAILURE = "https://alder.example/failed?keep=1"


def test_one_wearable_is_one_button(a: Asking, person: Person) -> None:
    page = person.get(a.link())
    assert "Connect your wearable to Alder Health" in text(page)
    assert "Continue to Sandbox" in text(page)
    assert '<html lang="en"' in text(page)
    assert text(page).count("<form") == 1


def test_opening_begins_nothing(a: Asking, person: Person) -> None:
    session, link = a.session()
    person.get(link)
    assert person.get(f"{link}start/sandbox/").status_code == 405
    assert session.attempts.count() == 0
    assert ConnectSession.objects.get().opened_at is not None


def test_the_environments_own_name_is_shown(a: Asking, person: Person) -> None:
    a.environment.display_name = "Alder <Coach>"
    a.environment.save()
    assert "Alder &lt;Coach&gt;" in text(person.get(a.link()))


def test_the_policy_of_the_page_with_the_form(a: Asking, person: Person) -> None:
    link = a.link(success_url="https://alder.example:8443/x", failure_url="alder-app://failed")
    expected = ["'self'", "alder-app:", person.sandbox.url, "https://alder.example:8443"]
    assert form_action(person.get(link)) == expected
    assert form_action(person.browser.post(f"{link}start/sandbox/")) == expected


def test_nothing_else_of_the_policy_is_widened(a: Asking, person: Person) -> None:
    page = person.get(a.link())
    directives = set(page["Content-Security-Policy"].split("; "))
    assert directives == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        f"form-action 'self' {person.sandbox.url}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    }


@pytest.mark.parametrize(
    ("closing", "reason", "sentence"),
    [
        ("use", "session_used", "This link has already been used."),
        ("expire", "session_expired", "This link has expired. Ask for a new one."),
        ("cancel", "session_cancelled", "This link has been withdrawn. Ask for a new one."),
    ],
)
def test_a_closed_link_says_why_and_the_company_hears_once(
    a: Asking, person: Person, closing: str, reason: str, sentence: str
) -> None:
    with_url, elsewhere = a.session(reference_id="p-1", failure_url=FAILURE)
    without, link = a.session()
    for session in (with_url, without):
        close(session, closing)
    page = person.get(link)
    assert (page.status_code, sentence in text(page)) == (410, True)
    assert person.browser.post(f"{link}start/sandbox/").status_code == 410
    sent = query(person.get(elsewhere)["Location"])
    assert sent == {"keep": "1", "resource": "null", "reference_id": "p-1", "reason": reason}
    assert a.told() == [reason, reason]


def close(session: ConnectSession, how: str) -> None:
    if how == "cancel":
        links.cancel(session)
    elif how == "use":
        ConnectSession.objects.filter(pk=session.pk).update(connected_at=clock.now())
    else:
        past = clock.now() - timedelta(seconds=1)
        ConnectSession.objects.filter(pk=session.pk).update(expires_at=past)


def test_a_failure_url_that_left_the_list_is_not_used(a: Asking, person: Person) -> None:
    _, link = a.session(failure_url=FAILURE)
    session = ConnectSession.objects.get()
    close(session, "cancel")
    ConnectSession.objects.update(failure_url="javascript:alert(1)")
    assert person.get(link).status_code == 410


def test_no_wearable_on_offer_is_said_honestly(
    a: Asking, person: Person, settings: Settings
) -> None:
    link = a.link()
    settings.SANDBOX_URL = ""
    page = person.get(link)
    assert (page.status_code, text(page).count("<form")) == (200, 0)
    assert "There is no wearable to connect" in text(page)


@pytest.mark.parametrize("provider", ["garmin", "x" * 500, "%00"])
def test_a_wearable_that_is_not_offered_cannot_be_started(
    a: Asking, person: Person, provider: str
) -> None:
    answer = person.browser.post(f"{a.link()}start/{provider}/")
    assert answer.status_code == 410
    assert "does not answer at the moment" in text(answer)


@pytest.mark.parametrize("token", ["nope", "%00", "%ff", "x" * 5000, "callback"])
@pytest.mark.django_db
def test_an_unknown_token_tells_nothing(token: str) -> None:
    opened = Client().get(f"/connect/{token}/")
    started = Client().post(f"/connect/{token}/start/sandbox/")
    assert (opened.status_code, started.status_code) == (404, 404)
    assert opened.content == started.content


def test_a_foreign_page_may_neither_post_cookies_nor_needs_to(a: Asking, person: Person) -> None:
    """The token is the only authority: no CSRF cookie is asked for, and none is set."""
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(f"{a.link()}start/sandbox/", headers={"Origin": "null"})
    assert answer.status_code == 302


def test_the_brand_is_a_colour_that_can_be_read(a: Asking, person: Person) -> None:
    link = a.link()
    assert text(person.get(f"{link}brand.css")) == ""
    a.environment.accent = "#ffe600"
    a.environment.save()
    sheet = person.get(f"{link}brand.css")
    assert sheet["Content-Type"] == "text/css"
    assert "#ffe600" in text(sheet)
    assert f'href="{link}brand.css"' in text(person.get(link))


@pytest.mark.django_db
def test_what_is_no_colour_never_reaches_the_stylesheet(a: Asking, person: Person) -> None:
    a.environment.accent = "red;}x"
    a.environment.save()
    assert text(person.get(f"{a.link()}brand.css")) == ""
    assert text(Client().get("/connect/nope/brand.css")) == ""


def test_every_page_is_for_people_without_an_account() -> None:
    """Exempt by name: the list is closed, so that a new page has to say for whom it is."""
    exempt = {url.name for url in urlpatterns if not getattr(url.callback, "login_required", True)}
    assert exempt == {
        "connect",
        "connect_again",
        "connect_attempt_brand",
        "connect_brand",
        "connect_callback",
        "connect_confirm",
        "connect_finishing",
        "connect_manage",
        "connect_start",
    }
    assert len(urlpatterns) == len(exempt)
