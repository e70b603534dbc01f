"""Errors that people may read."""


class InvalidInputError(ValueError):
    """Something that was sent does not fit; names the field and says how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
