"""Reads files of OTLP/JSON, a request a line, and prints each request as `request BASE64`, in protobuf."""

import base64
import sys

import otlp_json

for file in sys.argv[1:]:
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            request = otlp_json.decode(line)
            print("request", base64.b64encode(request.SerializeToString()).decode())
