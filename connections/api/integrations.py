"""Integrations: which wearables can be connected."""

from typing import Annotated, Any
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Header, Router

from connections import clients
from connections.api.shapes import DetailedIntegrations, Integrations, ProviderTypes
from connections.providers import REGISTRY
from connections.providers.phone import PHONE_SOURCES
from developers.api import Problem
from developers.models import Environment
from developers.states import EnvironmentKind
from terra_portal import marks, tenancy

# The one value that Terra has published: keys are the portal's affair, not the person's.
SETUP = "API_KEYS_MANAGED"
# Asked for in place of an environment that does not exist, so that both cost the same.
NOBODY = Environment(kind=EnvironmentKind.TESTING)

router = Router(tags=["Integrations"])
DevId = Annotated[str | None, Header(alias="dev-id")]


@router.get(
    "/integrations",
    response=Integrations,
    auth=None,
    summary="List the wearables that can be connected",
)
def integrations(request: HttpRequest, dev_id: DevId = None) -> HttpResponse:
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


@router.get(
    "/integrations/detailed",
    response={200: DetailedIntegrations, 400: Problem},
    auth=None,
    summary="List them with names and icons",
)
def detailed(request: HttpRequest, sdk: bool = False, dev_id: DevId = None) -> HttpResponse:
    """The same list with what a page needs to show it; with `sdk` the sources on the phone too.

    `types` are false as long as this portal serves no data. Needs no API key.
    """
    names = sorted(_everything() if dev_id is None else _offered_by(dev_id))
    providers = [_shown(name, REGISTRY[name].display_name) for name in names]
    if sdk:
        providers += [_shown(source.resource, source.display_name) for source in PHONE_SOURCES]
    return JsonResponse({"status": "success", "providers": providers})


def _shown(provider: str, name: str) -> dict[str, Any]:
    return {
        "provider": provider,
        "name": name,
        "icon": urljoin(settings.PUBLIC_BASE_URL, marks.url(provider)),
        "setup": SETUP,
        "enabled": True,
        "types": dict.fromkeys(ProviderTypes.model_fields, False),
    }


def _everything() -> set[str]:
    return {name for name, provider in REGISTRY.items() if provider.is_available(simulated=False)}


def _offered_by(dev_id: str) -> set[str]:
    # A header can hold what the database would choke on, and what nobody is called.
    name = dev_id if dev_id.isprintable() else ""
    with tenancy.system("whose dev-id this is"):
        found = Environment.objects.filter(dev_id=name).first()
    environment = found or NOBODY
    with tenancy.environment(environment.id):
        offered = {offer.provider for offer in clients.offered(environment)}
    return offered if found else set()
