"""The company's own name for a person: validated here for API, pages and commands alike."""

import unicodedata

from terra_portal.errors import InvalidInputError

MAX_LENGTH = 512


def clean(reference_id: str | None, *, field: str = "reference_id") -> str:
    """The reference as stored; none is the empty string.

    Raises InvalidInputError over 512 characters, or with control characters or lone surrogates.
    """
    text = reference_id or ""
    if len(text) > MAX_LENGTH:
        raise InvalidInputError(field, f"must have at most {MAX_LENGTH} characters")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise InvalidInputError(field, "must not contain control characters or lone surrogates")
    return text
