"""Integrations: which wearables can be connected."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Header, Router

from connections import clients
from connections.api.shapes import Integrations
from connections.providers import REGISTRY
from connections.providers.phone import PHONE_SOURCES
from developers.models import Environment
from terra_portal import tenancy

router = Router(tags=["Integrations"])


@router.get(
    "/integrations",
    response=Integrations,
    auth=None,
    summary="List the wearables that can be connected",
)
def integrations(
    request: HttpRequest, dev_id: Annotated[str | None, Header(alias="dev-id")] = None
) -> HttpResponse:
    """What this portal can connect, or with `dev-id` what that environment offers.

    `sdk_providers` live on the phone, where an app reads them; this portal does not yet.

    Needs no API key. A `dev-id` that nobody has is answered like one that offers nothing.
    """
    providers = sorted(_everything() if dev_id is None else _offered_by(dev_id))
    phone = [source.resource for source in PHONE_SOURCES]
    return JsonResponse(
        {
            "status": "success",
            "providers": providers,
            "sdk_providers": phone,
            "sdk_resource": phone,  # the same by its older name
        }
    )


def _everything() -> set[str]:
    return {name for name, provider in REGISTRY.items() if provider.is_available(simulated=False)}


def _offered_by(dev_id: str) -> set[str]:
    with tenancy.system("whose dev-id this is"):
        environment = Environment.objects.filter(dev_id=dev_id).first()
    if environment is None:
        return set()
    with tenancy.environment(environment.id):
        return {offer.provider for offer in clients.offered(environment)}
