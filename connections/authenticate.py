"""An attempt without a link: the company itself sends the person to the provider's own page."""

from django.db import transaction

from connections import clients, connect, links
from connections.connect import Begun
from connections.providers import REGISTRY
from developers.models import Environment
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError

NOT_OFFERED = "cannot be connected in this environment at present"


def begin(
    environment: Environment,
    resource: str,
    *,
    reference_id: str = "",
    language: str = "",
    success_url: str = "",
    failure_url: str = "",
) -> Begun:
    """Reserves the `user_id`, and makes the address at the provider, good for 15 minutes.

    No browser is known to have begun it, so whoever comes back from there confirms on a page that
    names the company. Raises InvalidInputError that names the field as Terra's API spells it.
    """
    with tenancy.environment(environment.id), transaction.atomic():
        name = _offered(environment, resource)
        # Its link is shown to nobody: the attempt is all that can begin on it.
        session, _ = links.open_session(
            environment,
            reference_id=reference_id,
            providers=[name],
            language=language,
            success_url=success_url,
            failure_url=failure_url,
        )
        try:
            return connect.begin(session, name, in_browser=False)
        except connect.CannotBeginError:
            raise InvalidInputError("resource", NOT_OFFERED) from None


def _offered(environment: Environment, resource: str) -> str:
    """The provider's name as the portal spells it."""
    name = resource.strip().casefold().upper()
    if not name:
        raise InvalidInputError("resource", "names the provider, for example FITBIT")
    if name not in REGISTRY:
        raise InvalidInputError("resource", f"{name[:40]!r} is not a known provider")
    if not clients.offered(environment, [name]):
        raise InvalidInputError("resource", NOT_OFFERED)
    return name
