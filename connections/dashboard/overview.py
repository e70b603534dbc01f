"""The first page of an environment."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.dashboard import attention, figures
from connections.dashboard.figures import Ends, Journey, Living, Told
from connections.dashboard.first_steps import first_steps
from connections.dashboard.names import provider_name
from connections.models import Connection
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from terra_portal import charts, ranges, shares


@require_safe
@environment_page()
def overview(request: EnvironmentRequest) -> HttpResponse:
    """How the environment does; before its first user, how to come to one."""
    if not Connection.objects.for_environment(request.environment).exists():
        return _start(request)
    within = ranges.read(request.GET.get("range", ""))
    living = figures.living(request.environment)
    begun = figures.begun(request.environment, within)
    ends = figures.ends(request.environment, within)
    journey = figures.journey(request.environment, within)
    told = figures.told(request.environment, within)
    now, before = figures.over_time(living.total, begun, ends)
    context = {
        "within": within,
        "bucket": "Hour" if within.step == ranges.HOUR else "Day",
        "tabs": [(name, words) for name, (words, _, _) in ranges.CHOICES.items()],
        "figures": _figures(living, before[-1], ends, journey, told),
        "users_plot": _users_plot(within, now, before),
        "ends": ends,
        "funnel": _funnel(journey),
        "journey": journey,
        "providers": _providers(request, living),
        "concerns": _concerns(request, living),
    }
    return render(request, "dashboard/overview.html", context)


def _start(request: EnvironmentRequest) -> HttpResponse:
    steps = first_steps(request.environment)
    next_step = next((step for step in steps if not step.done), None)
    context = {
        "steps": [(step, address(request, step.page), step is next_step) for step in steps],
        "done": sum(step.done for step in steps),
        "base_url": settings.PUBLIC_BASE_URL,
    }
    return render(request, "dashboard/overview_start.html", context)


def _figures(
    living: Living, before: int, ends: Ends, journey: Journey, told: Told
) -> list[dict[str, str]]:
    more = living.total - before
    change = f"{abs(more):,} {'more' if more > 0 else 'fewer'}" if more else "as many as"
    than = f"than {ends.within.words} ago" if more else f"{ends.within.words} ago"
    return [
        {"label": "Active users", "value": f"{living.total:,}", "note": f"{change} {than}"},
        {
            "label": "Finish connecting",
            "value": shares.percent(journey.connected, journey.opened) if journey.opened else "–",
            "note": "of people who open a link" if journey.opened else "no link was opened",
        },
        {
            "label": "Access revoked",
            "value": f"{ends.revoked:,}",
            "note": f"of {ends.total:,} connections that ended",
        },
        {
            "label": "Webhooks delivered",
            "value": shares.percent(told.delivered, told.total) if told.total else "–",
            "note": _told_note(told),
        },
    ]


def _told_note(told: Told) -> str:
    if not told.total:
        return "nothing was sent"
    if told.given_up:
        return f"{told.given_up:,} given up, {told.waiting:,} waiting"
    return f"{told.waiting:,} waiting" if told.waiting else f"all {told.total:,}"


def _users_plot(within: ranges.Range, now: list[int], before: list[int]) -> charts.Plot:
    label = f"Active users over the last {within.words}: {now[0]:,} at first, {now[-1]:,} now"
    ghost = charts.Series(f"{within.words} before", before, 5, ghost=True)
    return charts.lines(label, within.names, [charts.Series("Active", now), ghost])


def _funnel(journey: Journey) -> list[shares.Step]:
    return shares.funnel(
        [
            ("Opened the link", journey.opened),
            ("Chose a wearable", journey.chose),
            ("Authorised", journey.authorised),
            ("Connected", journey.connected),
        ]
    )


def _providers(request: EnvironmentRequest, living: Living) -> list[shares.Rank]:
    users = address(request, "users")
    names = {code: provider_name(code) for code in living.by_provider}
    return shares.ranked(
        [(names[code], count) for code, count in living.by_provider.items()],
        urls={name: f"{users}?state=active&provider={code}" for code, name in names.items()},
    )


def _concerns(request: EnvironmentRequest, living: Living) -> list[dict[str, Any]]:
    found = attention.concerns(request.environment, living.by_attention)
    return [{"about": one, "url": _mend(request, one) if one.page else ""} for one in found]


def _mend(request: EnvironmentRequest, concern: attention.Concern) -> str:
    more = {"destination_id": concern.pk} if concern.pk else {}
    return address(request, concern.page, **more) + concern.query
