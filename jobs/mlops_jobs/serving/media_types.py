"""Formats of requests and responses, by their media types."""

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
FORMATS = (CSV, JSON, JSON_LINES)
ALLOWED = ", ".join(FORMATS)

_ACCEPTED = {
    CSV: CSV,
    "text/*": CSV,
    JSON: JSON,
    "application/*": JSON,
    JSON_LINES: JSON_LINES,
}


def media_type(header: str) -> str:
    """Returns the media type of a header without its parameters, in lower case.

    Args:
        header: value of a Content-Type header, or one entry of an Accept header.
    """
    return header.partition(";")[0].strip().lower()


def accepted(header: str, content_type: str) -> str | None:
    """Returns the first supported format of an Accept header; None if no format is supported.

    Args:
        header: value of the header; "" if the request has none.
        content_type: format of the request, which is the default.
    """
    if not header:
        return content_type
    for entry in header.split(","):
        kind = media_type(entry)
        if kind == "*/*":
            return content_type
        if kind in _ACCEPTED:
            return _ACCEPTED[kind]
    return None
