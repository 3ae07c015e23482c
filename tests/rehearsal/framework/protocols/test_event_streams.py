"""Event streams as botocore, which reads them, understands them."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.eventstream import EventStreamBuffer

from rehearsal.framework.protocols.event_streams import write_events


@pytest.mark.parametrize("parts", [[], [b""], [b"a"], [b"one", b"two" * 5000]])
def test_botocore_reads_each_part_with_its_name(parts: list[bytes]) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker-runtime")
    operation = model.operation_model("InvokeEndpointWithResponseStream")
    stream = operation.get_event_stream_output()

    written = write_events(stream, [{"PayloadPart": {"Bytes": part}} for part in parts])

    buffer = EventStreamBuffer()
    buffer.add_data(written)
    messages = [message.to_response_dict() for message in buffer]
    assert [message["body"] for message in messages] == parts
    kinds = [dict(message["headers"]).get(":event-type") for message in messages]
    assert kinds == ["PayloadPart"] * len(parts)
