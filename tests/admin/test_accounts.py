"""allauth's tables in the admin: what they would show of their secrets stays hidden."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(cast.person(is_staff=True, is_superuser=True))
    return client


def test_social_tables_are_not_there(staff: Client) -> None:
    assert staff.get(reverse("admin:index")).status_code == 200
    social = set(apps.get_app_config("socialaccount").get_models())
    assert social & set(admin.site._registry) == set()


def test_a_session_s_key_is_not_shown(staff: Client) -> None:
    session = UserSession.objects.create(
        user=cast.person(),
        session_key="thekeyofsomebody",
        ip="192.0.2.1",
        user_agent="x",
        last_seen_at=timezone.now(),
    )
    pages = [
        reverse("admin:usersessions_usersession_changelist") + "?q=somebody",
        reverse("admin:usersessions_usersession_changelist"),
        reverse("admin:usersessions_usersession_change", args=[session.pk]),
    ]
    for page in pages:
        answer = staff.get(page)
        assert answer.status_code == 200
        assert b"thekeyofsomebody" not in answer.content


def test_an_authenticator_s_data_is_not_shown(staff: Client) -> None:
    row = Authenticator.objects.create(
        user=cast.person(), type=Authenticator.Type.TOTP, data={"secret": "sealedsecret"}
    )
    answer = staff.get(reverse("admin:mfa_authenticator_change", args=[row.pk]))
    assert answer.status_code == 200
    assert b"sealedsecret" not in answer.content
