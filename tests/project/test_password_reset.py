"""Somebody forgot the password: the mail's link sets a new one, once."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from developers.models import User
from tests import cast

pytestmark = pytest.mark.django_db
NEW = "spring-tide-42"


def ask(email: str) -> None:
    answer = Client().post(reverse("account_reset_password"), {"email": email})
    assert answer.status_code == 302


def link() -> str:
    [sent] = mail.outbox
    found = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", str(sent.body))
    assert found is not None, sent.body
    return found[1]


def set_password(client: Client, path: str) -> int:
    opened = client.get(path, follow=True)
    form = opened.redirect_chain[-1][0] if opened.redirect_chain else path
    return client.post(form, {"password1": NEW, "password2": NEW}).status_code


def test_the_link_sets_a_new_password_once() -> None:
    person = cast.person()
    ask(person.email)
    path = link()

    assert set_password(Client(), path) == 302
    assert User.objects.get(pk=person.pk).check_password(NEW)

    again = Client().get(path, follow=True)
    assert b'name="password1"' not in again.content


def test_a_stranger_s_address_is_answered_alike() -> None:
    ask("nobody@example.org")
    assert not User.objects.filter(email="nobody@example.org").exists()
    assert all("/password/reset/key/" not in str(sent.body) for sent in mail.outbox)
