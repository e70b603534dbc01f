"""An answer that says no, before a personality puts it into its own form."""

from collections.abc import Mapping

STATUS = {"invalid_client": 401, "invalid_token": 401, "insufficient_scope": 403}


class Refusal(Exception):
    """``error`` is OAuth's word for it (RFC 6749 §5.2, RFC 6750 §3.1) or the company's own.

    ``kind`` is the kind of call that it answers, as the log names it; the door writes it in.
    """

    def __init__(
        self,
        error: str,
        description: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = STATUS.get(error, 400) if status is None else status
        self.headers = dict(headers or {})
        self.kind = ""
