"""What every page with a company on it shows: who asks, and in which of its worlds."""

from typing import Any

from developers.models import Environment


def of(environment: Environment, **more: Any) -> dict[str, Any]:
    """The context for the hosted layout. Needs the company loaded."""
    return {
        "company": environment.company,
        "company_name": environment.name_for_people,
        "environment": environment,
        **more,
    }
