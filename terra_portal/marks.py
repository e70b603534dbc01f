"""The drawings of wearables: our own, nobody's trademarks, on a ground that any page can carry."""

from django.templatetags.static import static

# The makers that have a drawing in static/portal/wearables/, by the names of their files.
MARKS = frozenset(
    {
        *("apple", "fitbit", "garmin", "google", "health-connect", "oura"),
        *("polar", "samsung", "sandbox", "strava", "whoop", "withings"),
    }
)


def is_drawn(provider: str) -> bool:
    return _name(provider) in MARKS


def url(provider: str) -> str:
    """Where the mark is served, by its hashed name where static files have one."""
    return static(f"portal/wearables/{_name(provider)}.svg")


def _name(provider: str) -> str:
    return provider.lower().replace("_", "-")
