"""Copies, replays and rubbish at the callback."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from connections.models import ConnectAttempt
from tests.pages.person import CALLBACK, Answer, Asking, Person, query, text

NOTHING_TO_SHOW = "This page has nothing to show"


def test_a_replay_in_the_same_browser_repeats_the_outcome(a: Asking, person: Person) -> None:
    url = person.decide(person.start(a.link(success_url="https://alder.example/")))
    first, second = person.get(url), person.get(url)
    assert first["Location"] == second["Location"]
    assert (len(a.users()), a.told("auth")) == (1, ["connected"])


def test_a_replay_elsewhere_learns_nothing(a: Asking, person: Person) -> None:
    url = person.decide(person.start(a.link(success_url="https://alder.example/")))
    person.get(url)
    copied = Client().get(url)
    assert copied.status_code == 400
    assert NOTHING_TO_SHOW in text(copied)
    assert "Alder" not in text(copied)
    assert "Sandbox" not in text(copied)


@pytest.fixture
def copied(a: Asking, person: Person) -> tuple[Client, Answer]:
    """A callback opened first in a browser that did not begin the attempt."""
    other = Client()
    url = person.decide(person.start(a.link(reference_id="p-1")))
    return other, other.get(url)


def form(page: Answer) -> tuple[str, str]:
    """Where the confirm page posts, and its one-time token."""
    action = text(page).split('method="post" action="')[1].split('"')[0]
    return action, text(page).split('name="confirm_token" value="')[1].split('"')[0]


def test_another_browser_is_asked_with_the_companys_name(
    a: Asking, copied: tuple[Client, Answer]
) -> None:
    _, page = copied
    assert page.status_code == 200
    assert "Connect this Sandbox account to Alder Health?" in text(page)
    assert a.users() == []


def test_confirming_connects_once(a: Asking, copied: tuple[Client, Answer]) -> None:
    other, page = copied
    action, token = form(page)
    answers = [other.post(action, {"confirm_token": token, "answer": "yes"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Sandbox is connected" in text(answers[0])
    assert len(a.users()) == 1


def test_declining_connects_nothing(a: Asking, copied: tuple[Client, Answer]) -> None:
    other, page = copied
    action, token = form(page)
    answer = other.post(action, {"confirm_token": token, "answer": "no"})
    assert "You did not confirm, so nothing was connected." in text(answer)
    assert (a.users(), a.told()) == ([], ["not_confirmed"])
    other.post(action, {"confirm_token": token, "answer": "yes"})
    assert a.users() == []


@pytest.mark.parametrize("token", ["", "wrong", "\x00", "x" * 5000])
def test_a_confirmation_needs_its_token(
    a: Asking, copied: tuple[Client, Answer], token: str
) -> None:
    other, page = copied
    action, _ = form(page)
    answer = other.post(action, {"confirm_token": token, "answer": "yes"})
    assert (answer.status_code, a.users()) == (400, [])


def test_a_silent_answer_is_a_no(a: Asking, copied: tuple[Client, Answer]) -> None:
    other, page = copied
    action, token = form(page)
    other.post(action, {"confirm_token": token})
    assert (a.users(), a.told()) == ([], ["not_confirmed"])


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "state=",
        "code=c",
        "state=wrong&code=c",
        "state=%00&code=%00",
        "state=%ff%fe&code=%ed%a0%80",
        f"state={'s' * 20_000}&code={'c' * 20_000}",
        "state[]=a&code[]=b",
        "&".join(f"x{n}=1" for n in range(900)),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_rubbish_gets_a_clean_page(rubbish: str) -> None:
    answer = Client().get(f"{CALLBACK}?{rubbish}")
    assert answer.status_code == 400
    assert NOTHING_TO_SHOW in text(answer)


@pytest.mark.parametrize("provider", ["SANDBOX", "garmin", "%00", "x" * 3000])
@pytest.mark.django_db
def test_an_unknown_provider_gets_a_clean_page(provider: str) -> None:
    assert Client().get(f"/connect/callback/{provider}/?state=s&code=c").status_code == 400


def test_a_state_that_comes_twice_is_none(a: Asking, person: Person) -> None:
    url = person.decide(person.start(a.link()))
    twice = f"{url}&state={query(url)['state']}"
    assert person.get(twice).status_code == 400
    assert person.get(url).status_code == 200
    assert len(a.users()) == 1


def test_a_code_that_comes_twice_is_none(a: Asking, person: Person) -> None:
    url = person.decide(person.start(a.link()))
    landed = person.get(f"{url}&code=other")
    assert "an answer that we could not use" in text(landed)
    assert (a.users(), a.told()) == ([], ["provider_error"])


@pytest.mark.parametrize("code", ["wrong", "%00", "c" * 5000, ""])
def test_a_code_that_the_provider_never_gave(a: Asking, person: Person, code: str) -> None:
    state = query(person.start(a.link()))["state"]
    landed = person.get(f"{CALLBACK}?state={state}&code={code}")
    assert "an answer that we could not use" in text(landed)
    assert (a.users(), a.told()) == ([], ["provider_error"])


def test_head_and_post_complete_nothing(a: Asking, person: Person) -> None:
    url = person.decide(person.start(a.link()))
    assert person.browser.head(url).status_code == 405
    assert person.browser.post(url).status_code == 405
    assert ConnectAttempt.objects.get().state == "started"
    assert person.get(url).status_code == 200
    assert len(a.users()) == 1


def test_answers_are_not_kept_framed_or_referred(a: Asking, person: Person) -> None:
    landed = person.connect(a.link(success_url="https://alder.example/"))
    for answer in (landed, person.get(CALLBACK)):
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", ["connect_finishing", "connect_attempt_brand"])
@pytest.mark.django_db
def test_unknown_attempts_tell_nothing(name: str) -> None:
    answer = Client().get(reverse(name, args=[uuid4()]))
    assert "Alder" not in text(answer)
    assert answer.status_code == (400 if name == "connect_finishing" else 200)


@pytest.mark.django_db
def test_unknown_attempts_cannot_be_confirmed_or_repeated() -> None:
    for name in ("connect_confirm", "connect_again"):
        assert Client().post(reverse(name, args=[uuid4()])).status_code == 400
