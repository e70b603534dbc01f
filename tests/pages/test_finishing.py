"""The wait behind an upstream revoke."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from connections.models import ConnectAttempt, Grant
from terra_portal import clock
from tests.pages.person import Asking, Person, text
from tests.pages.test_callback import form


def hold_up(a: Asking, person: Person) -> None:
    """A revoke of this person's grant is under way and has not ended."""
    person.connect(a.link(reference_id="before"))
    Grant.objects.update(revoking_until=clock.now() + timedelta(minutes=1))


def over() -> None:
    Grant.objects.update(revoking_until=None)


def test_the_person_waits_and_the_page_goes_on_by_itself(a: Asking, person: Person) -> None:
    hold_up(a, person)
    landed = person.connect(a.link(reference_id="p-1"))
    assert landed.status_code == 302
    waiting = person.get(landed["Location"])
    assert (waiting.status_code, waiting["Refresh"]) == (200, "2")
    assert "This page goes on by itself." in text(waiting)
    assert Client().get(landed["Location"]).status_code == 400
    over()
    assert "Sandbox is connected" in text(person.get(landed["Location"]))
    assert [user.reference_id for user in a.users()] == ["before", "p-1"]


def test_whoever_confirmed_may_wait_too(a: Asking, person: Person) -> None:
    hold_up(a, person)
    other = Client()
    action, token = form(other.get(person.decide(person.start(a.link(reference_id="p-1")))))
    answer = other.post(action, {"confirm_token": token, "answer": "yes"})
    assert answer.status_code == 302
    assert other.get(answer["Location"])["Refresh"] == "2"


def test_tokens_that_a_revoke_took_along_are_asked_for_once_more(a: Asking, person: Person) -> None:
    hold_up(a, person)
    landed = person.connect(a.link(reference_id="p-1"))
    attempt = ConnectAttempt.objects.get(session__reference_id="p-1")
    person.sandbox.control("POST", "revoke", {"account": person.account})
    Grant.objects.update(revoking_until=None, last_revoke_ended_at=clock.now())
    page = person.get(landed["Location"])
    assert "Please authorise once more" in text(page)
    assert a.told() == []
    again = person.browser.post(reverse("connect_again", args=[attempt.pk]))
    assert again["Location"].startswith(person.sandbox.url)
