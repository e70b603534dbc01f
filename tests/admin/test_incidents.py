"""Incidents in the admin: what staff see of them, and how they decide."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from connections import incidents, revocation
from connections.models import Connection, HeldEnd, Incident, OAuthClient
from connections.revocation import Cause
from connections.states import Door, End, HeldOutcome, IncidentState
from developers.models import Environment, User
from tests import cast
from tests.herd import herd
from tests.world import work

pytestmark = pytest.mark.django_db(transaction=True)

DEAD = Cause(End.REVOKED, Door.LIVENESS, "Two probes, a while apart.")
GONE = Cause(End.PROVIDER_RETIRED, Door.LIVENESS, "Gone.")
COUNT = 12
HELD = COUNT - 5


@pytest.fixture
def boss() -> User:
    return cast.person("boss@portal.example", is_staff=True, is_superuser=True)


@pytest.fixture
def staff(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def companies() -> list[Environment]:
    return [cast.company(name).environments["testing"] for name in ("Alder", "Birch")]


@pytest.fixture
def incident(companies: list[Environment]) -> Incident:
    client = cast.oauth_client()
    grants = herd(client, *companies, count=COUNT)
    for grant in grants[:-1]:
        revocation.fan_out(grant.pk, DEAD, authorisation_number=1)
    revocation.fan_out(grants[-1].pk, GONE, authorisation_number=1)
    return Incident.objects.get()


def page(incident: Incident, name: str = "change") -> str:
    return reverse(f"admin:connections_incident_{name}", args=[incident.pk])


def rows(page: str) -> list[list[str]]:
    """The texts of every table's rows."""
    found = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in cells]


def test_the_list_says_whose_and_how_many(staff: Client, incident: Incident) -> None:
    listed = staff.get(reverse("admin:connections_incident_changelist")).content.decode()

    shown = re.findall(r'<td class="field-(\w+)[^"]*">([^<]*)', listed)
    assert ("client", incident.oauth_client.client_id) in shown
    assert ("provider", "Sandbox") in shown
    assert ("held", str(HELD)) in shown
    assert ("state", "Ends are held") in shown


def test_the_page_says_what_the_ends_would_be_and_why(staff: Client, incident: Incident) -> None:
    answer = staff.get(page(incident))

    shown = rows(answer.content.decode())
    assert ["Revoked at the provider", "access_revoked", "6", "12", "2"] in shown
    assert ["Provider retired", "deauth", "1", "2", "2"] in shown
    assert ["Held", str(HELD)] in shown
    held = HeldEnd.objects.order_by("held_at")[0]
    (sample,) = (row for row in shown if held.grant.provider_user_id in row)
    assert sample[1:] == [held.grant.provider_user_id, "Probe", held.evidence, "Held"]
    assert page(incident, "release") in answer.content.decode()
    assert page(incident, "discard") in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "state", "outcome"),
    [
        ("release", IncidentState.RELEASED, HeldOutcome.ENDED),
        ("discard", IncidentState.DISCARDED, HeldOutcome.DISCARDED),
    ],
)
def test_a_decision_is_asked_for_and_recorded(
    staff: Client, boss: User, incident: Incident, name: str, state: str, outcome: str
) -> None:
    asked = staff.get(page(incident, name))
    assert asked.status_code == 200
    assert ["Revoked at the provider", "access_revoked", "6", "12", "2"] in rows(
        asked.content.decode()
    )
    assert Incident.objects.get().state == IncidentState.OPEN

    answer = staff.post(page(incident, name), follow=True)
    assert answer.redirect_chain == [(page(incident), 302)]
    now = Incident.objects.get()
    assert (now.state, now.decided_by) == (state, boss)
    assert now.decided_at is not None
    assert "0 of 7" in answer.content.decode()

    work()
    after = staff.get(page(incident))
    assert "All 7 held ends are dealt with." in after.content.decode()
    assert [HeldOutcome(outcome).label, str(HELD)] in rows(after.content.decode())
    living = COUNT * 2 if state == IncidentState.DISCARDED else 0
    assert Connection.objects.active().count() == (living and living - 10)


def test_the_page_shows_how_far_it_is(
    staff: Client, boss: User, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "BATCH", 3)
    incidents.release(incident.pk, by=boss)
    incidents.carry_out(incident.pk)

    shown = staff.get(page(incident)).content.decode()
    assert '<progress id="progress" value="3" max="7">' in shown
    assert page(incident, "release") not in shown


def test_what_was_decided_stays_so(staff: Client, boss: User, incident: Incident) -> None:
    incidents.discard(incident.pk, by=boss)

    assert staff.get(page(incident, "release")).status_code == 302
    late = staff.post(page(incident, "release"), follow=True)

    assert "Somebody has decided meanwhile." in late.content.decode()
    assert Incident.objects.get().state == IncidentState.DISCARDED


@pytest.mark.parametrize("name", ["release", "discard"])
def test_only_staff_who_may_decide_do(incident: Incident, name: str) -> None:
    reader = cast.person(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_incident"))
    for person in (None, cast.person(), cast.person(is_staff=True), reader):
        client = Client()
        if person:
            client.force_login(person)
        assert client.get(page(incident, name)).status_code in {302, 403}
        assert client.post(page(incident, name)).status_code in {302, 403}
    assert Incident.objects.get().state == IncidentState.OPEN
    seen = client.get(page(incident))
    assert (seen.status_code, page(incident, name) in seen.content.decode()) == (200, False)


def test_a_decision_needs_the_form_s_own_token(boss: User, incident: Incident) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)

    assert client.post(page(incident, "release")).status_code == 403
    assert Incident.objects.get().state == IncidentState.OPEN


def test_an_unknown_incident_is_not_there(staff: Client, incident: Incident) -> None:
    nobody = Incident(oauth_client=OAuthClient.objects.get())

    assert staff.get(page(nobody, "release")).status_code == 404
    assert staff.post(page(nobody, "discard")).status_code == 404


def test_held_ends_are_listed_for_one_incident(staff: Client, incident: Incident) -> None:
    there = f"{reverse('admin:connections_heldend_changelist')}?incident__id__exact={incident.pk}"
    listed = staff.get(there)

    assert there.partition("?")[2] in staff.get(page(incident)).content.decode()
    assert listed.context["cl"].queryset.count() == HELD
