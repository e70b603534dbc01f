"""What the operations take and answer, as the OpenAPI document tells it.

Fields and their names are Terra's; what is of ours would be under a name of its own.
"""

from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr


class WidgetSession(BaseModel):
    """A link to ask for. Everything may be left out; keys that are not named are ignored."""

    # Not ninja's Schema, which reads attributes off whatever it is given: a list would pass.
    model_config = ConfigDict(extra="ignore")

    providers: StrictStr | None = Field(default=None, examples=["GARMIN,FITBIT,OURA"])
    language: StrictStr | None = Field(default=None, examples=["en"])
    reference_id: StrictStr | None = Field(default=None, examples=["user123"])
    auth_success_redirect_url: StrictStr | None = Field(
        default=None, examples=["https://myapp.example/connected"]
    )
    auth_failure_redirect_url: StrictStr | None = Field(
        default=None, examples=["https://myapp.example/failed"]
    )
    show_disconnect: StrictBool | None = Field(
        default=None, description="Shows what is connected already, with a way to disconnect it."
    )


class Success(Schema):
    status: Literal["success"] = "success"


class OpenedSession(Success):
    session_id: UUID
    url: str = Field(description="Where to send the person; it is shown this once.")
    expires_in: int = Field(description="For how many seconds the link can be used.")


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
