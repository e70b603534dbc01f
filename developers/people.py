"""Accounts that an operator makes: the address is taken as verified."""

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from developers.models import User
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError


def known_or_new(email: str, *, password: str = "") -> User:
    """The person with this address, in whatever case; a new one may sign in at once.

    Without a password a new person resets it by mail. Somebody who exists stays as they are:
    raises InvalidInputError naming `password` if another than theirs is given, naming `email` if
    it is no address.
    """
    email = email.strip().lower()  # as sign-up stores it and log-in looks for it
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInputError("email", "This is no e-mail address.") from None
    with tenancy.system("an operator makes an account"), transaction.atomic():
        known = User.objects.filter(email__iexact=email).first()
        if known is None:
            return _new(email, password)
        if password and not known.check_password(password):
            raise InvalidInputError("password", f"{known.email} has an account; leave it out.")
        return known


def _new(email: str, password: str) -> User:
    person = User.objects.create_user(email, password or None)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person
