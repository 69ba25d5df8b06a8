"""What the API servers of the benchmarks have in common: they answer GET over HTTP, on a port of their own."""

import http.server
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        query["watch"] = query.get("watch") in ("1", "true")
        self.server.cluster.get(self, url.path.rsplit("/", 1)[-1], query)

    def answer(self, status, parts):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.end_headers()
        self.wfile.write(b"".join(parts))

    def refuse_streaming_list(self):
        """As servers do that have none."""
        self.answer(422, [b'{"kind":"Status","code":422,"reason":"Invalid","message":"sendInitialEvents"}'])

    def begin_watch(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def wait_for_end(self):
        """A watch ends with the connection."""
        self.rfile.read(1)
        self.close_connection = True

    def log_message(self, *_):
        pass


class APIServer:
    """Runs as long as the context does; `get` of the class that is derived answers."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.cluster = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
