import secrets
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

NAME_LENGTH = 200


def _new_user_id() -> str:
    return f"sbx_{secrets.token_hex(8)}"


class AccountManager(models.Manager["Account"]):
    def get_by_natural_key(self, name: str | None) -> "Account":
        return self.get(name=name)

    def named(self, name: str) -> "Account":
        """The account of that name, made now if nobody has typed it before."""
        return self.get_or_create(name=name)[0]


class Account(AbstractBaseUser):
    """A person at Sandbox Wearables. There is no password: whoever types the name is in."""

    name = models.CharField(max_length=NAME_LENGTH, unique=True)
    user_id = models.CharField(max_length=40, unique=True, default=_new_user_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "name"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def clean_name(cls, typed: str) -> str | None:
        """What was typed as a name, or None if it is none."""
        name = typed.strip()
        return name if 0 < len(name) <= NAME_LENGTH and name.isprintable() else None
