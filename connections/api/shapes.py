"""What the operations take and answer, as the OpenAPI document tells it.

Fields and their names are Terra's; what is of ours would be under a name of its own.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from connections.states import Door, End
from developers.states import EventType


class Wishes(BaseModel):
    """Of whom to connect, and where to send them then."""

    # Not ninja's Schema, which reads attributes off whatever it is given: a list would pass.
    model_config = ConfigDict(extra="ignore")

    language: StrictStr | None = Field(default=None, examples=["en"])
    reference_id: StrictStr | None = Field(default=None, examples=["user123"])
    auth_success_redirect_url: StrictStr | None = Field(
        default=None, examples=["https://myapp.example/connected"]
    )
    auth_failure_redirect_url: StrictStr | None = Field(
        default=None, examples=["https://myapp.example/failed"]
    )


class WidgetSession(Wishes):
    """A link to ask for. Everything may be left out; keys that are not named are ignored."""

    providers: StrictStr | None = Field(default=None, examples=["GARMIN,FITBIT,OURA"])
    show_disconnect: StrictBool | None = Field(
        default=None, description="Shows what is connected already, with a way to disconnect it."
    )


class AuthenticateUser(Wishes):
    """Everything may be left out but `resource`, which the query may name as well."""

    resource: StrictStr | None = Field(default=None, examples=["FITBIT"])


class Success(Schema):
    status: Literal["success"] = "success"


class OpenedSession(Success):
    session_id: UUID
    url: str = Field(description="Where to send the person; it is shown this once.")
    expires_in: int = Field(description="For how many seconds the link can be used.")


class SessionAttempt(Schema):
    """One click on a provider."""

    provider: str = Field(examples=["FITBIT"])
    state: Literal["started", "connected", "failed"]
    reason: str | None = Field(description="Why it failed, as `auth_cancelled` says it.")
    user_id: UUID | None = Field(description="Who was connected; null unless it is connected.")
    created_at: str


class ConnectLink(Schema):
    session_id: UUID
    state: Literal["open", "connected", "cancelled", "expired"]
    reference_id: str | None
    providers: list[str] = Field(description="Empty where the person may choose from all.")
    created_at: str
    expires_at: str
    attempts: list[SessionAttempt]


class OneSession(Success):
    session: ConnectLink


class BegunUser(Success):
    user_id: UUID = Field(description="The user's id once the person has connected.")
    auth_url: str = Field(description="Where to send the person: the provider's own page.")
    expires_in: int = Field(description="For how many seconds the person may come back.")


class IssuedToken(Success):
    token: str = Field(description="Good for one use; it is shown this once.")
    expires_in: int = Field(description="For how many seconds it is good.")


class TerraUser(Schema):
    """One person's wearable account, connected to this environment."""

    user_id: UUID
    provider: str = Field(examples=["FITBIT"])
    reference_id: str | None
    active: bool
    scopes: str | None = Field(examples=["activity,sleep"])
    last_webhook_update: str | None
    created_at: str | None = Field(examples=["2022-12-12T10:00:00.000000+00:00"])


class PolledUser(TerraUser):
    last_polled_at: str | None
    most_recent_data_at: str | None


class UserInfo(Success):
    is_authenticated: bool = Field(
        description="False once the connection has ended or the person has to authorise again."
    )
    user: PolledUser


class UsersOfReference(Success):
    users: list[TerraUser]


class AllUsers(Schema):
    users: list[TerraUser]


class UserPage(Schema):
    next: int | None = Field(description="The next page, null after the last.")
    max_page: int = Field(description="The last page; the first is 0.")
    results: list[TerraUser]


class PagedUsers(Schema):
    data: UserPage


class UserChange(BaseModel):
    """What is left out, or null, stays as it is; keys that are not named are ignored."""

    model_config = ConfigDict(extra="ignore")

    reference_id: StrictStr | None = Field(
        default=None, description="Empty removes it.", examples=["user123"]
    )
    active: StrictBool | None = Field(
        default=None,
        description="False pauses the user: nothing is sent but that the connection has ended.",
    )


class ChangedUser(Success):
    user: TerraUser


class Counts(Success):
    total: int = Field(description="Everyone who is connected.")
    by_provider: dict[str, int] = Field(examples=[{"FITBIT": 3}])
    needing_attention: int = Field(description="Of these, who cannot be read at present.")
    paused: int = Field(description="Of these, who is paused.")


class Integrations(Success):
    providers: list[str] = Field(examples=[["FITBIT", "GARMIN"]])
    sdk_providers: list[str]
    sdk_resource: list[str]


class ProviderTypes(Schema):
    """Which data of a wearable this portal serves: none so far."""

    activity: bool
    body: bool
    nutrition: bool
    daily: bool
    sleep: bool
    menstruation: bool


class IntegrationProvider(Schema):
    """A wearable, for a company that draws its own list of them."""

    provider: str = Field(examples=["FITBIT"])
    name: str = Field(examples=["Fitbit"])
    icon: str = Field(description="A mark of the portal's own drawing, as SVG.")
    setup: str = Field(examples=["API_KEYS_MANAGED"])
    enabled: bool
    types: ProviderTypes


class DetailedIntegrations(Success):
    providers: list[IntegrationProvider]


class RevocationShown(Schema):
    """A connection that ended. The row never changes; what names a person can be erased."""

    id: UUID
    user_id: UUID
    reference_id: str | None
    provider: str = Field(examples=["FITBIT"])
    kind: End
    door: Door = Field(description="How we know.")
    event: EventType = Field(description="The webhook that tells of it.")
    connected_at: datetime
    occurred_at: datetime = Field(description="By the provider's clock, where it told.")
    recorded_at: datetime = Field(description="When the portal learnt of it.")
    actor: str | None = Field(description="Who did it, where somebody of yours did.")
    evidence: str | None = Field(description="How we know, in a sentence.")
    erased_at: datetime | None = Field(description="When reference, actor and evidence were.")


class Revocations(Success):
    revocations: list[RevocationShown]
    next: str | None = Field(description="The cursor of the next page, null after the last.")
