"""Sends spans with the OpenTelemetry SDK's own OTLP exporter, and prints what it has sent.

A line of output is `exported BASE64`, an ExportTraceServiceRequest as the SDK encodes it, for every batch that the exporter
says has been delivered, or `failed` for one that it gave up.
"""

import argparse
import base64
import sys
import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol", choices=["http", "grpc"])
    parser.add_argument("endpoint", help="http: with the path")
    parser.add_argument("--compression", choices=["none", "gzip"], default="none")
    parser.add_argument("--ca", help="PEM file to trust; gRPC is with TLS then")
    parser.add_argument("--certificate", help="PEM file to show")
    parser.add_argument("--key")
    parser.add_argument("--header", action="append", default=[], help="name=value")
    parser.add_argument("--spans", type=int, default=100)
    parser.add_argument("--timeout", type=float, default=20, help="seconds, retries included")
    arguments = parser.parse_args()

    provider = TracerProvider(
        resource=Resource({"service.name": "python", "service.instance.id": "ä-1", "process.pid": 1})
    )
    exporter = Reporting(exporter_of(arguments))
    provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=32))
    make_spans(provider, arguments.spans)
    provider.shutdown()
    return 0 if exporter.failures == 0 else 1


def exporter_of(arguments):
    headers = dict(header.split("=", 1) for header in arguments.header)
    if arguments.protocol == "http":
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(
            endpoint=arguments.endpoint,
            certificate_file=arguments.ca,
            client_certificate_file=arguments.certificate,
            client_key_file=arguments.key,
            headers=headers,
            timeout=arguments.timeout,
            compression=Compression.Gzip if arguments.compression == "gzip" else Compression.NoCompression,
        )
    import grpc
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    credentials = None
    if arguments.ca:
        credentials = grpc.ssl_channel_credentials(
            *(read(file) for file in (arguments.ca, arguments.key, arguments.certificate))
        )
    return OTLPSpanExporter(
        endpoint=arguments.endpoint,
        insecure=credentials is None,
        credentials=credentials,
        headers=headers,
        timeout=arguments.timeout,
        compression=grpc.Compression.Gzip if arguments.compression == "gzip" else grpc.Compression.NoCompression,
    )


def read(file):
    if not file:
        return None
    with open(file, "rb") as content:
        return content.read()


class Reporting(SpanExporter):
    """Hands on to another exporter and prints what became of it."""

    def __init__(self, exporter):
        self.exporter = exporter
        self.failures = 0

    def export(self, spans):
        result = self.exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            print("exported", base64.b64encode(encode_spans(spans).SerializeToString()).decode(), flush=True)
        else:
            self.failures += 1
            print("failed", flush=True)
        return result

    def shutdown(self):
        self.exporter.shutdown()

    def force_flush(self, timeout_millis=30000):
        return self.exporter.force_flush(timeout_millis)


def make_spans(provider, count):
    """Spans with everything that the API offers, in two scopes."""
    tracers = [
        trace.get_tracer("checkout", "1.2.3", tracer_provider=provider, attributes={"scope": True}),
        trace.get_tracer("größe", tracer_provider=provider, schema_url="https://opentelemetry.io/schemas/1.27.0"),
    ]
    kinds = list(SpanKind)
    previous = None
    for index in range(count // 2):
        links = [Link(previous, {"link": index})] if previous else None
        with tracers[index % 2].start_as_current_span(
            f"request {index}",
            kind=kinds[index % len(kinds)],
            attributes={
                "text": "\u4f60\u597d \"quoted\" \\ \n",
                "empty": "",
                "yes": True,
                "int": -(2**63) + index,
                "double": 0.1 * index,
                "texts": ["a", "", "c"],
                "ints": [1, 2**62],
                "bools": [True, False],
                "none": [],
                "bytes": b"\x00\xff",
            },
            links=links,
        ) as span:
            previous = span.get_span_context()
            span.add_event("retry", {"attempt": index}, timestamp=time.time_ns())
            with tracers[index % 2].start_as_current_span("query") as child:
                if index % 3 == 0:
                    child.set_status(Status(StatusCode.ERROR, "no such row"))
                    child.record_exception(ValueError("odd"))
                else:
                    child.set_status(Status(StatusCode.OK))


if __name__ == "__main__":
    sys.exit(main())
