"""The wearable companies that the sandbox can play, found by the name of their module.

Each module of this package has one ``PERSONALITY``. They are loaded on first use: notices and the
OAuth engine look them up here, and they in turn use those.
"""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models import App
    from ..personality import Personality

NATIVE = "sandbox"


@cache
def everyone() -> Mapping[str, "Personality"]:
    """All of them by name, the sandbox's own first."""
    names = sorted((name != NATIVE, name) for _, name, _ in pkgutil.iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").PERSONALITY for _, name in names}


def named(name: str) -> "Personality":
    """Raises ``ValueError`` with a sentence for a name that nobody has."""
    found = everyone().get(name)
    if found is None:
        known = ", ".join(everyone())
        raise ValueError(f"There is no personality {name!r}; known are {known}.")
    return found


def of(app: "App") -> "Personality":
    return named(app.personality)


def asking_at(path: str) -> "Personality":
    """Whose authorise address a path is. Raises ``ValueError`` with a sentence."""
    for personality in everyone().values():
        if path.strip("/") in personality.authorize_paths:
            return personality
    raise ValueError(f"{path} is nobody's authorise address.")
