"""Errors that people may read."""


class InvalidInputError(ValueError):
    """Something that was sent does not fit; names the field and says how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class TooSoonError(InvalidInputError):
    """It would fit later: after `wait_seconds`, which the message says as well."""

    def __init__(self, field: str, message: str, *, wait_seconds: int) -> None:
        super().__init__(field, message)
        self.wait_seconds = wait_seconds
