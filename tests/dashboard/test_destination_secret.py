"""Rotating a signing secret at the dashboard: asked first, shown once."""

import html

import pytest

from developers.models import Destination
from developers.webhooks import destinations
from tests.dashboard.scene import Side
from tests.dashboard.test_destinations import URL, destination

EARLIER = "The secret before today’s still signs as well."


def test_asks_first_and_a_look_changes_nothing(a: Side) -> None:
    to = destination(a)
    answer = a.client.get(a.url(f"destinations/{to.id}/rotate/"))
    form = answer.context["form"]
    assert [value for value, _ in form.fields["keep_hours"].choices] == [0, 1, 24, 72, 168]
    assert form["keep_hours"].value() == 24
    assert EARLIER not in answer.content.decode()
    assert Destination.objects.get().signing_secret == to.signing_secret


@pytest.mark.parametrize("hours", [0, 1, 24, 72, 168])
def test_shows_the_new_secret_once(a: Side, hours: int) -> None:
    to = destination(a)
    answer = a.client.post(a.url(f"destinations/{to.id}/rotate/"), {"keep_hours": hours})
    stored = Destination.objects.get()
    secret = answer.context["secret"]
    assert secret == stored.signing_secret != to.signing_secret
    assert stored.previous_secret == (to.signing_secret if hours else "")
    page = answer.content.decode()
    assert page.count(html.escape(secret)) == 1
    assert html.escape(to.signing_secret) not in page
    assert ("Until " in page, "signs nothing more" in page) == (bool(hours), not hours)
    assert "no-store" in answer["Cache-Control"]
    for path in ("destinations/", f"destinations/{to.id}/", "audit/"):
        assert html.escape(secret) not in a.client.get(a.url(path)).content.decode()


def test_says_beforehand_that_an_older_secret_ends(a: Side) -> None:
    to = destination(a)
    destinations.rotate(to)
    asked = a.client.get(a.url(f"destinations/{to.id}/rotate/")).content.decode()
    assert EARLIER in asked
    shown = a.client.get(a.url(f"destinations/{to.id}/")).content.decode()
    assert "Rotated: the secret before it signs as well, and ends <time" in shown


@pytest.mark.parametrize("hours", ["", "-1", "2", "169", "a while"])
def test_refuses_other_times(a: Side, hours: str) -> None:
    to = destination(a)
    answer = a.client.post(a.url(f"destinations/{to.id}/rotate/"), {"keep_hours": hours})
    assert answer.status_code == 422
    assert answer.context["form"].errors["keep_hours"]
    assert Destination.objects.get().signing_secret == to.signing_secret


def test_anothers_secret_cannot_be_rotated(a: Side, b: Side) -> None:
    theirs = destination(b)
    for ask in (a.client.get, a.client.post):
        answer = ask(a.url(f"destinations/{theirs.id}/rotate/"), {"keep_hours": "24"})
        assert answer.status_code == 404
    stored = Destination.objects.get()
    assert (stored.url, stored.signing_secret) == (URL, theirs.signing_secret)
