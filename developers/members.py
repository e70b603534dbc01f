"""Who belongs to a company, and as what. A company never loses its last owner."""

from allauth.account.models import EmailAddress
from django.db import transaction

from developers import audit
from developers.models import Company, Membership, User
from developers.states import Role
from terra_portal.errors import InvalidInputError


@transaction.atomic
def add(company: Company, email: str, *, role: Role, by: Membership) -> Membership:
    """Makes the account with this verified address a member.

    An address that somebody typed at sign-up and never confirmed counts for nobody. Raises
    InvalidInputError naming `email` or `role`.
    """
    _authorised(company, by, role)
    user = _known(email)
    if Membership.objects.filter(company=company, user=user).exists():
        raise InvalidInputError("email", f"{user.email} is a member already.")
    member = Membership.objects.create(company=company, user=user, role=role)
    audit.record(company, "member.added", actor=by.user, subject=f"{user.email}: {role}")
    return member


@transaction.atomic
def change_role(member: Membership, role: Role, *, by: Membership) -> Membership:
    """Raises InvalidInputError naming `role` where `by` may not, or no owner would be left."""
    member = _locked(member, by, role)
    if member.role == role:
        return member
    if role != Role.OWNER:
        _another_owner_than(member)
    was, member.role = member.role, role
    member.save(update_fields=["role"])
    subject = f"{member.user.email}: {was} → {role}"
    audit.record(member.company, "member.role_changed", actor=by.user, subject=subject)
    return member


@transaction.atomic
def remove(member: Membership, *, by: Membership) -> None:
    """Raises InvalidInputError naming `role` where `by` may not, or no owner would be left."""
    member = _locked(member, by)
    _another_owner_than(member)
    member.delete()
    audit.record(member.company, "member.removed", actor=by.user, subject=member.user.email)


def _locked(member: Membership, by: Membership, role: Role | None = None) -> Membership:
    """The row as it stands now, with its company's members held still."""
    touched = [] if role is None else [role]
    _authorised(member.company, by, *touched)
    try:
        now = Membership.objects.select_related("user", "company").get(pk=member.pk)
    except Membership.DoesNotExist:
        raise InvalidInputError("role", "This person is no longer a member.") from None
    _authorised(member.company, by, Role(now.role))
    return now


def _authorised(company: Company, by: Membership, *roles: Role) -> None:
    """Admins decide about everybody but owners; holds the company's row until the end."""
    Company.objects.select_for_update().get(pk=company.pk)
    acting = Membership.objects.filter(pk=by.pk, company=company).first()
    if acting is None or not acting.may(Role.ADMIN):
        raise InvalidInputError("role", "You may no longer change members.")
    if Role.OWNER in roles and not acting.may(Role.OWNER):
        raise InvalidInputError("role", "Only an owner decides about owners.")


def _another_owner_than(member: Membership) -> None:
    owners = Membership.objects.filter(company=member.company, role=Role.OWNER)
    if member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists():
        raise InvalidInputError("role", "A company needs an owner. Make somebody else one first.")


def _known(email: str) -> User:
    found = EmailAddress.objects.select_related("user").filter(
        email__iexact=email.strip(), verified=True, user__is_active=True
    )
    address = found.first()
    if address is None:
        raise InvalidInputError(
            "email",
            "No account has this address. Ask them to sign up and confirm it, then add them here.",
        )
    user: User = address.user
    return user
