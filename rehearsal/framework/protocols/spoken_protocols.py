"""Which wire protocols a service speaks."""

from __future__ import annotations

from botocore.model import ServiceModel

from rehearsal.framework.protocols.json_protocol import JsonProtocol
from rehearsal.framework.protocols.protocol import WireProtocol
from rehearsal.framework.protocols.query_protocol import QueryProtocol
from rehearsal.framework.protocols.rest_json_protocol import RestJsonProtocol


def protocols_for(model: ServiceModel) -> list[WireProtocol]:
    """The protocols of a service that the gateway speaks, of all that the service speaks.

    Raises ValueError when there is none.
    """
    spoken = model.metadata.get("protocols", [model.metadata["protocol"]])
    if "query" in spoken and "json" in spoken:
        return [JsonProtocol(model), QueryProtocol(model)]
    match model.metadata["protocol"]:
        case "json":
            return [JsonProtocol(model)]
        case "rest-json":
            return [RestJsonProtocol(model)]
        case other:
            raise ValueError(f"{model.service_name} speaks {other}; allowed: json, rest-json")
