"""The handlers of TensorFlow Serving's image."""

import json
from typing import Any


def input_handler(data: Any, context: Any) -> str:
    """Returns the request for TensorFlow Serving."""
    assert context.request_content_type == "application/json"  # the test's script
    return json.dumps({"instances": json.loads(data.read())["rows"]})


def output_handler(data: Any, context: Any) -> tuple[bytes, str]:
    """Returns the response."""
    assert data.status_code == 200, data.text  # the test's script
    rows = [share for (share,) in data.json()["predictions"]]
    return json.dumps({"shares": rows, "method": context.method}).encode(), "application/json"
