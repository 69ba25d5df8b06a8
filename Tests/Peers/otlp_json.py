"""OTLP's JSON, read by protobuf's own JSON parser: strict where OTLP's mapping differs from that (ids and enums)."""

import base64
import json
import re

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ID_LENGTHS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def decode(text):
    """An ExportTraceServiceRequest; raises ValueError for what is not OTLP's JSON."""
    document = json.loads(text)
    for resource_spans in document.get("resourceSpans", []):
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                for owner in (span, *span.get("links", [])):
                    for key, length in ID_LENGTHS.items():
                        if key in owner:
                            owner[key] = base64_of(owner[key], length)
                check_enum(span, "kind")
                check_enum(span.get("status", {}), "code")
    try:
        return json_format.ParseDict(document, ExportTraceServiceRequest())
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def base64_of(digits, length):
    if not re.fullmatch(f"([0-9a-f]{{{2 * length}}})?", digits):
        raise ValueError(f"not {length} bytes in hexadecimal digits: {digits}")
    return base64.b64encode(bytes.fromhex(digits)).decode()


def check_enum(owner, key):
    if key in owner and not isinstance(owner[key], int):
        raise ValueError(f"{key} is no number: {owner[key]}")
