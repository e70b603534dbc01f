"""What a person sees and ends on the link of a company that shows it."""

from uuid import uuid4

from connections.models import Revocation
from tests import cast
from tests.pages.person import Asking, Person, text


def test_connections_of_this_reference_are_shown_and_ended(
    a: Asking, b: Asking, person: Person
) -> None:
    mine = cast.connection(a.environment, reference_id="p-1")
    other = cast.connection(a.environment, reference_id="p-2")
    foreign = cast.connection(b.environment, reference_id="p-1")
    link = a.link(reference_id="p-1", show_disconnect=True)
    shown = text(person.get(link))
    assert str(mine.pk) in shown
    assert str(other.pk) not in shown
    assert str(foreign.pk) not in shown
    asked = person.get(f"{link}disconnect/{mine.pk}/")
    assert "Disconnect Sandbox?" in text(asked)
    assert Revocation.objects.count() == 0
    done = person.browser.post(f"{link}disconnect/{mine.pk}/")
    assert done["Location"] == f"{link}?done=disconnected"
    assert str(mine.pk) not in text(person.get(done["Location"]))
    assert a.told("deauth") == ["disconnected"]
    assert Revocation.objects.get().door == "hosted_page"
    assert [user.pk for user in a.users()] == [other.pk]
    assert [user.pk for user in b.users()] == [foreign.pk]


def test_foreign_ended_and_unknown_connections_answer_alike(
    a: Asking, b: Asking, person: Person
) -> None:
    link = a.link(reference_id="p-1", show_disconnect=True)
    rows = [
        cast.connection(a.environment, reference_id="p-2").pk,
        cast.connection(b.environment, reference_id="p-1").pk,
        cast.ended(a.environment, reference_id="p-1").pk,
        uuid4(),
    ]
    answers = [person.browser.post(f"{link}disconnect/{pk}/") for pk in rows]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
    assert Revocation.objects.count() == 0


def test_nothing_is_shown_unless_the_company_wants_it(a: Asking, person: Person) -> None:
    mine = cast.connection(a.environment, reference_id="p-1")
    link = a.link(reference_id="p-1")
    assert "Connected now" not in text(person.get(link))
    assert person.browser.post(f"{link}disconnect/{mine.pk}/").status_code == 404


def test_without_a_reference_nobodys_connections_are_shown(a: Asking, person: Person) -> None:
    nobodys = cast.connection(a.environment)
    link = a.link(show_disconnect=True)
    assert "Connected now" not in text(person.get(link))
    assert person.browser.post(f"{link}disconnect/{nobodys.pk}/").status_code == 404
