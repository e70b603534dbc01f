"""The user's page: pausing, resuming, another reference."""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from connections.states import Attention
from developers.models import AuditEntry
from developers.states import Role
from terra_portal import clock
from tests import cast
from tests.dashboard.scene import Side

PATHS = ("pause/", "resume/", "reference/")


@pytest.fixture
def user(a: Side) -> Connection:
    return cast.connection(a.environment, reference_id="somebody")


def page(a: Side, user: Connection) -> str:
    return a.client.get(a.url(f"users/{user.id}/")).content.decode()


def is_paused(user: Connection) -> bool:
    return Connection.objects.get(pk=user.pk).is_paused


def audited(a: Side) -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(environment=a.environment, action__startswith="user.")
    return list(rows.order_by("at").values_list("action", "subject", "actor__email"))


def test_pausing_and_resuming(a: Side, user: Connection) -> None:
    paused = a.client.post(a.url(f"users/{user.id}/pause/"), follow=True)

    assert is_paused(user)
    assert paused.redirect_chain == [(a.url(f"users/{user.id}/"), 302)]
    text = paused.content.decode()
    assert "The user is paused. The connection is kept." in text
    assert "no news of this user is sent to you" in text
    assert f"users/{user.id}/resume/" in text
    assert f"users/{user.id}/pause/" not in text

    resumed = a.client.post(a.url(f"users/{user.id}/resume/"), follow=True)

    assert not is_paused(user)
    assert "The user is resumed." in resumed.content.decode()
    assert "no news of this user" not in page(a, user)
    assert audited(a) == [
        ("user.paused", str(user.id), a.owner.email),
        ("user.resumed", str(user.id), a.owner.email),
    ]


def test_paused_is_shown_beside_what_needs_attention(a: Side, user: Connection) -> None:
    user.paused_at, user.attention = clock.now(), Attention.NEEDS_REAUTH
    user.save()

    text = page(a, user)

    assert "Paused</span>" in text
    assert "Needs attention</span>" in text


def test_the_form_shows_the_reference_and_changes_it(
    a: Side, user: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = a.url(f"users/{user.id}/reference/")
    with django_assert_num_queries(5):
        form = a.client.get(url).context["form"]
    assert form["reference_id"].value() == "somebody"

    answer = a.client.post(url, {"reference_id": "somebody else"}, follow=True)

    user.refresh_from_db()
    assert user.reference_id == "somebody else"
    assert answer.redirect_chain == [(a.url(f"users/{user.id}/"), 302)]
    assert "The reference is changed." in answer.content.decode()
    assert audited(a) == [("user.reference_changed", str(user.id), a.owner.email)]


def test_an_empty_form_removes_the_reference(a: Side, user: Connection) -> None:
    a.client.post(a.url(f"users/{user.id}/reference/"), {"reference_id": ""})

    user.refresh_from_db()
    assert user.reference_id == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("taken", "another user of yours has it"),
        ("a\x07b", "must not contain control characters"),
        ("x" * 513, "at most 512 characters"),
    ],
)
def test_what_does_not_fit_is_said_at_the_field_and_kept_in_it(
    a: Side, user: Connection, given: str, said: str
) -> None:
    cast.connection(a.environment, on=user.grant, reference_id="taken")

    answer = a.client.post(a.url(f"users/{user.id}/reference/"), {"reference_id": given})

    assert answer.status_code == 422
    (error,) = answer.context["form"].errors["reference_id"]
    assert said in error
    assert answer.context["form"]["reference_id"].value() == given
    user.refresh_from_db()
    assert user.reference_id == "somebody"


@pytest.mark.parametrize("path", PATHS)
def test_who_has_ended_stays_as_they_were(a: Side, path: str) -> None:
    ended = cast.ended(a.environment, reference_id="somebody")

    answer = a.client.post(
        a.url(f"users/{ended.id}/{path}"), {"reference_id": "other"}, follow=True
    )

    text = answer.content.decode()
    assert "This user is no longer connected, so nothing was changed." in text
    assert "/reference/" not in text
    ended.refresh_from_db()
    assert (ended.reference_id, ended.paused_at) == ("somebody", None)


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_id_is_an_unknown_one(a: Side, b: Side, path: str) -> None:
    theirs = cast.connection(b.environment, reference_id="theirs")
    given = {"reference_id": "mine"}

    foreign = a.client.post(a.url(f"users/{theirs.id}/{path}"), given)
    unknown = a.client.post(a.url(f"users/{uuid4()}/{path}"), given)

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
    theirs.refresh_from_db()
    assert (theirs.reference_id, theirs.paused_at) == ("theirs", None)


def test_a_viewer_is_offered_none_of_it(a: Side, user: Connection) -> None:
    viewer = a.colleague(Role.VIEWER)
    text = viewer.get(a.url(f"users/{user.id}/")).content.decode()
    assert not [path for path in PATHS if f"users/{user.id}/{path}" in text]
    for path in PATHS:
        assert viewer.post(a.url(f"users/{user.id}/{path}")).status_code == 403
    assert not is_paused(user)


def test_a_developer_is(a: Side, user: Connection) -> None:
    developer = a.colleague(Role.DEVELOPER)
    text = developer.get(a.url(f"users/{user.id}/")).content.decode()
    offered = [path for path in PATHS if f"users/{user.id}/{path}" in text]
    assert offered == ["pause/", "reference/"]
    assert developer.post(a.url(f"users/{user.id}/pause/")).status_code == 302
