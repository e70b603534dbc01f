"""What people call a provider and a scope."""

from connections.providers import REGISTRY


def provider_name(code: str) -> str:
    """The provider's own name; the code itself where it is no longer known."""
    known = REGISTRY.get(code)
    return known.display_name if known else code.replace("_", " ").capitalize()


def provider_choices() -> list[tuple[str, str]]:
    return [(code, provider_name(code)) for code in REGISTRY]


def scope_name(scope: str) -> str:
    return scope.replace("_", " ").replace(":", ": ").replace(".", " ").capitalize()
