"""The reference of the request at work: in its answer, and in every log line that it causes."""

import logging
import uuid
from contextvars import ContextVar
from http import HTTPStatus

_current: ContextVar[str] = ContextVar("request_reference", default="")


def begin(*, named: bool) -> str:
    """A new reference, or none, until this thread's next request.

    It is not taken back when the view returns: a streamed answer is still being written then.
    """
    reference = str(uuid.uuid4()) if named else ""
    _current.set(reference)
    return reference


class ReferenceFilter(logging.Filter):
    """Gives each record a `reference` to format, empty outside of a request of the API."""

    def filter(self, record: logging.LogRecord) -> bool:
        reference = _current.get()
        record.reference = f" [{reference}]" if reference else ""
        return True


class FailureFilter(logging.Filter):
    """Django takes every answer of 500 and above for a failure; one of 501 is what was meant."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.NOT_IMPLEMENTED
