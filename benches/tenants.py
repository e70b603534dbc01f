"""Many companies at once: each one environment with one destination, made in bulk."""

import secrets

from developers.models import Company, Destination, Environment
from developers.states import EnvironmentKind
from developers.webhooks import signing

BATCH = 500


def make(number: int) -> list[Environment]:
    """Testing environments of as many companies, with a destination that takes every event."""
    names = [f"bench-{secrets.token_hex(6)}" for _ in range(number)]
    companies = [Company(name=name, slug=name) for name in names]
    environments = [
        Environment(company=company, kind=EnvironmentKind.TESTING, dev_id=company.slug)
        for company in companies
    ]
    destinations = [
        Destination(
            environment=environment,
            url=f"https://{environment.dev_id}.example/terra",
            signing_secret=signing.new_secret(),
        )
        for environment in environments
    ]
    Company.objects.bulk_create(companies, batch_size=BATCH)
    Environment.objects.bulk_create(environments, batch_size=BATCH)
    Destination.objects.bulk_create(destinations, batch_size=BATCH)
    return environments
