"""A company comes with its three environments, each with a dev-id and a first API key."""

import secrets
import string
from dataclasses import dataclass

from django.db import transaction
from django.utils.text import slugify

from developers import api_keys, audit
from developers.models import Company, Environment, Membership, User
from developers.states import EnvironmentKind, Role
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError

ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class CreatedCompany:
    """The API keys are plaintext, by kind of environment; they are stored nowhere."""

    company: Company
    environments: dict[str, Environment]
    api_keys: dict[str, str]


def create(name: str, *, owner: User) -> CreatedCompany:
    """Makes a company that belongs to `owner`. Raises InvalidInputError for an unfit name.

    Slugs end in random characters, so that nobody learns whether a name is taken.
    """
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise InvalidInputError("name", "must be 1 to 100 printable characters")
    stem = slugify(name)[:40].strip("-") or "company"
    with tenancy.system("making a company"), transaction.atomic():
        company = Company.objects.create(name=name, slug=f"{stem}-{_random(6)}")
        Membership.objects.create(company=company, user=owner, role=Role.OWNER)
        audit.record(company, "company.created", actor=owner, subject=name)
        environments = {kind.value: _environment(company, stem, kind) for kind in EnvironmentKind}
        keys = {
            kind: api_keys.create(environment, name="Default", created_by=owner)[1]
            for kind, environment in environments.items()
        }
    return CreatedCompany(company, environments, keys)


def _environment(company: Company, stem: str, kind: EnvironmentKind) -> Environment:
    dev_id = f"{stem}-{kind.value}-{_random(10)}"
    return Environment.objects.create(company=company, kind=kind, dev_id=dev_id)


def _random(size: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(size))
