"""Tells those who can help, by mail: rows say what is due, and are marked when it is out.

Each alarm arrives at least once. A lost nudge or a mail server that is away costs time only.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.urls import reverse

from connections.models import Grant, Incident, Notice, OAuthClient
from connections.providers import REGISTRY
from connections.states import Door, GrantState, IncidentState, NoticeState
from developers.models import User
from developers.states import Role
from terra_portal import clock, mail, moments, tenancy
from terra_portal.celery import nudge

logger = logging.getLogger(__name__)

REJECTION_EVERY = timedelta(days=1)
CROWD_EVERY = timedelta(hours=1)
# Longer than a mail server is waited for, so that one alarm is not sent by two.
CLAIM = timedelta(seconds=60)


# What is due


def raise_incident(incident: Incident) -> None:
    """A new incident is due to be told. Runs in the transaction that opens it."""
    nudge("connections.tell_incident", str(incident.pk))


def raise_rejection(client_id: UUID) -> None:
    """The provider rejects this client: told at most once a day, as long as it lasts."""
    now = clock.now()
    told = Q(rejection_told_at__gt=now - REJECTION_EVERY)
    untold = OAuthClient.objects.filter(pk=client_id, alarm_due_at=None).exclude(told)
    if untold.update(alarm_due_at=now):
        nudge("connections.tell_client", str(client_id))


def raise_crowd(client_id: UUID) -> None:
    """Revocations wait their turn under this client: told at most once an hour."""
    now = clock.now()
    raised = Q(crowded_at__gt=now - CROWD_EVERY)
    calm = OAuthClient.objects.filter(pk=client_id).exclude(raised)
    if calm.update(crowded_at=now, alarm_due_at=now):
        nudge("connections.tell_client", str(client_id))


def _claim(row: QuerySet[Any]) -> datetime | None:
    """Moves the due time ahead; None where nothing is due, or somebody else is at it."""
    until = clock.now() + CLAIM
    mine = row.filter(alarm_due_at__lte=clock.now())
    return until if mine.update(alarm_due_at=until) else None


def sweep() -> int:
    """Repeats what was lost, and what the mail server did not take."""
    with tenancy.system("sweeping alarms"):
        due = Q(alarm_due_at__lte=clock.now())
        incidents = list(Incident.objects.filter(due).values_list("pk", flat=True))
        clients = list(OAuthClient.objects.filter(due).values_list("pk", flat=True))
        for incident_id in incidents:
            tell_incident(incident_id)
        for client_id in clients:
            tell_client(client_id)
        return len(incidents) + len(clients)


# Telling


def tell_incident(incident_id: UUID) -> None:
    """Tells the staff of an incident, if it still waits for them."""
    with tenancy.system("alarming the staff"):
        mine = Incident.objects.filter(pk=incident_id)
        claim = _claim(mine)
        if claim is None:
            return
        incident = mine.select_related("oauth_client__owner__company").get()
        done = mine.filter(alarm_due_at=claim)
        if incident.state != IncidentState.OPEN:
            done.update(alarm_due_at=None)
            return
        logger.error("ends of client %s are held: incident %s", incident.oauth_client, incident.pk)
        if mail.send("incident", _staff(), _of_incident(incident)):
            done.update(alarm_due_at=None, told_at=clock.now())


def tell_client(client_id: UUID) -> None:
    """Tells the staff or the owner what is due of a client."""
    with tenancy.system("alarming for a client"):
        mine = OAuthClient.objects.filter(pk=client_id)
        claim = _claim(mine)
        if claim is None:
            return
        client = mine.select_related("owner__company").get()
        if _tell_rejection(client) and _tell_crowd(client):
            mine.filter(alarm_due_at=claim).update(alarm_due_at=None)


def _tell_rejection(client: OAuthClient) -> bool:
    told = client.rejection_told_at
    now = clock.now()
    if client.rejected_at is None or (told and told > now - REJECTION_EVERY):
        return True
    logger.error("client %s is rejected by its provider", client)
    to = _managers(client) if client.owner_id else _staff()
    sent = mail.send("rejection", to, _of_rejection(client, client.rejected_at))
    if sent:
        OAuthClient.objects.filter(pk=client.pk).update(rejection_told_at=now)
    return sent


def _tell_crowd(client: OAuthClient) -> bool:
    at, told = client.crowded_at, client.crowded_told_at
    if at is None or (told and told >= at):
        return True
    logger.error("revocations wait their turn under client %s", client)
    sent = mail.send("crowd", _staff(), _of_crowd(client, at))
    if sent:
        OAuthClient.objects.filter(pk=client.pk).update(crowded_told_at=clock.now())
    return sent


def _staff() -> list[str]:
    people = User.objects.filter(is_staff=True, is_active=True)
    return list(people.order_by("email").values_list("email", flat=True))


def _managers(client: OAuthClient) -> list[str]:
    """The owners and admins of the company that brought it."""
    assert client.owner is not None
    members = client.owner.company.memberships.filter(
        role__in=[Role.OWNER, Role.ADMIN], user__is_active=True
    )
    return list(members.order_by("user__email").values_list("user__email", flat=True))


# What the mails say


def _of_client(client: OAuthClient, since: datetime) -> dict[str, Any]:
    owner = client.owner
    return {
        "provider": REGISTRY[client.provider].display_name,
        "client_id": client.client_id,
        "whose": f"brought by {owner.company} ({owner.kind})" if owner else "the platform's own",
        "since": moments.exact(since),
    }


def _of_incident(incident: Incident) -> dict[str, Any]:
    mine = Grant.objects.filter(oauth_client=incident.oauth_client)
    before = incident.opened_at - timedelta(minutes=10)
    inferred = mine.filter(ended_by__in=[Door.REFRESH, Door.LIVENESS])
    return _of_client(incident.oauth_client, incident.opened_at) | {
        "held": incident.held_ends.waiting().count(),
        "passed": inferred.filter(ended_at__range=(before, incident.opened_at)).count(),
        "living": mine.filter(state__in=[GrantState.ACTIVE, GrantState.DOUBTFUL]).count(),
        "url": _admin("change", Incident, incident.pk),
    }


def _of_crowd(client: OAuthClient, since: datetime) -> dict[str, Any]:
    queue = Notice.objects.filter(oauth_client=client, state=NoticeState.RECEIVED)
    listed = f"?oauth_client__id__exact={client.pk}&state__exact={NoticeState.RECEIVED}"
    return _of_client(client, since) | {
        "waiting": queue.exclude(outcome="").count(),
        "url": _admin("changelist", Notice) + listed,
    }


def _of_rejection(client: OAuthClient, since: datetime) -> dict[str, Any]:
    maker, owner = REGISTRY[client.provider], client.owner
    if owner is None:
        return _of_client(client, since) | {
            "console": maker.console_url,
            "url": _admin("change", OAuthClient, client.pk),
        }
    here = {"company": owner.company.slug, "environment": owner.kind, "provider": maker.id}
    return _of_client(client, since) | {
        "console": maker.console_url,
        "environment": f"{owner.company}, {owner.kind}",
        "url": f"{settings.PUBLIC_BASE_URL}{reverse('source', kwargs=here)}",
    }


def _admin(page: str, model: type[Model], *args: UUID) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return f"{settings.PUBLIC_BASE_URL}{reverse(name, args=args)}"
