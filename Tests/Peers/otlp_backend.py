"""A backend for OTLP/HTTP or OTLP/gRPC, with or without TLS, written with nothing of steptrace.

It prints `port N` once it listens on 127.0.0.1, and for each request `request BASE64 HEADERS`: an
ExportTraceServiceRequest in protobuf, whatever it came in, and the headers as JSON with names in lower case. Requests that
it cannot read are printed as `malformed REASON`.
"""

import argparse
import base64
import concurrent.futures
import gzip
import http.server
import json
import signal
import ssl
import sys
import threading
import zlib

import otlp_json
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol", choices=["http", "grpc"])
    parser.add_argument("--certificate", help="PEM file; with it, TLS")
    parser.add_argument("--key")
    parser.add_argument("--client-ca", help="PEM file; with it, clients have to show a certificate")
    parser.add_argument("--proxy", action="store_true", help="http: take requests that are meant for others")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if arguments.protocol == "http":
        serve_http(arguments)
    else:
        serve_grpc(arguments)


output = threading.Lock()


def tell(*words):
    with output:
        print(*words, flush=True)


def tell_request(request, headers):
    text = json.dumps({name.lower(): value for name, value in headers if isinstance(value, str)})
    tell("request", base64.b64encode(request.SerializeToString()).decode(), text)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise an answer waits for the acknowledgement of its headers.
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.path != "/v1/traces" and not (self.server.is_proxy and self.path.startswith("http://")):
                raise ValueError(f"the path is {self.path}")
            body = self.decompressed(body)
            content_type = self.headers.get("Content-Type")
            if content_type == "application/x-protobuf":
                request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
            elif content_type == "application/json":
                request = otlp_json.decode(body)
            else:
                raise ValueError(f"the type is {content_type}")
        except Exception as error:
            tell("malformed", repr(error))
            self.answer(400, "text/plain", repr(error).encode())
            return
        tell_request(request, [*self.headers.items(), (":path", self.path)])
        self.answer(200, content_type, b"{}" if content_type == "application/json" else b"")

    def decompressed(self, body):
        encoding = self.headers.get("Content-Encoding")
        if encoding is None:
            return body
        if encoding == "gzip":
            return gzip.decompress(body)
        # HTTP's deflate is zlib's format, as is the Collector's zlib.
        if encoding in ("zlib", "deflate"):
            return zlib.decompress(body)
        raise ValueError(f"the encoding is {encoding}")

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    context = None

    def finish_request(self, request, client_address):
        # In the connection's own thread: a handshake that hangs or fails is no matter of the others.
        if self.context:
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except OSError as error:
                tell("handshake failed:", error)
                return
        super().finish_request(request, client_address)


def serve_http(arguments):
    server = Server(("127.0.0.1", 0), Handler)
    server.is_proxy = arguments.proxy
    if arguments.certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(arguments.certificate, arguments.key)
        if arguments.client_ca:
            server.context.load_verify_locations(arguments.client_ca)
            server.context.verify_mode = ssl.CERT_REQUIRED
    tell("port", server.server_address[1])
    server.serve_forever()


class Servicer(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        tell_request(request, context.invocation_metadata())
        return trace_service_pb2.ExportTraceServiceResponse()


def serve_grpc(arguments):
    import grpc

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Servicer(), server)
    if arguments.certificate:
        certificate, key, client_ca = (
            open(file, "rb").read() if file else None
            for file in (arguments.certificate, arguments.key, arguments.client_ca)
        )
        credentials = grpc.ssl_server_credentials([(key, certificate)], client_ca, client_ca is not None)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    tell("port", port)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
