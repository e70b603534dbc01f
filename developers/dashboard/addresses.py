"""Addresses of pages within the environment that is being looked at."""

from django.urls import reverse

from developers.access import EnvironmentRequest


def address(request: EnvironmentRequest, name: str, **more: object) -> str:
    """The page `name` of this company and environment."""
    here = {"company": request.company.slug, "environment": request.environment.kind}
    return reverse(name, kwargs=here | more)


def part(request: EnvironmentRequest, template: str, name: str) -> str:
    """The template, or only its part `name` where htmx asked for an update of it."""
    whole = not request.htmx or request.htmx.history_restore_request
    return template if whole else f"{template}#{name}"
