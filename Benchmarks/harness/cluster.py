"""A Kubernetes API server with TaskRuns, pods and events that stay as they are, made from the recordings."""

import datetime
import json
import pathlib
import random
import re
import tempfile
import time

from .api_server import APIServer

RECORDING = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "recordings" / "success"
TASK_RUN_COUNT = 200
NAMESPACE = "builds"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Cluster(APIServer):
    """Half of the TaskRuns are over, half are in their second step."""

    def __init__(self):
        self.lists = 0
        objects = {"taskruns": [], "pods": [], "events": []}
        self.directory = tempfile.TemporaryDirectory(prefix="steptrace-benchmark-")
        self.task_runs = pathlib.Path(self.directory.name) / "task-runs"
        lines = []
        over, running = snapshot(at_end=True), snapshot(at_end=False)
        source = random.Random(1)
        for index in range(TASK_RUN_COUNT):
            trace_id = f"{source.getrandbits(128):032x}"
            name = f"build-{index:04}"
            for kind, templates in (over if index % 2 else running).items():
                for template in templates:
                    objects[kind].append(renamed(template, index, name, trace_id, source))
            lines.append(f"{NAMESPACE} {name} {trace_id}\n")
        self.task_runs.write_text("".join(lines))
        objects["events"] = [event for event in objects["events"] if event["involvedObject"]["kind"] == "Pod"]
        self.objects = objects

    def __exit__(self, *_):
        super().__exit__()
        self.directory.cleanup()

    def get(self, handler, resource, query):
        if "sendInitialEvents" in query:
            handler.refuse_streaming_list()
        elif query["watch"]:
            handler.begin_watch()
            # Nothing ever changes.
            handler.wait_for_end()
        else:
            page, is_last = self.page(resource, query)
            status = 200 if page else 404
            handler.answer(status, [json.dumps(page or {"kind": "Status", "code": status}).encode()])
            self.lists += is_last

    def page(self, resource, query):
        """A page of a list, as an API server cuts it, and whether it is the last one; (None, False) for what is not served."""
        if resource not in self.objects:
            return None, False
        objects = self.objects[resource]
        start = int(query.get("continue", 0))
        end = start + int(query.get("limit", len(objects)))
        metadata = {"resourceVersion": "100000"}
        if end < len(objects):
            metadata["continue"] = str(end)
        return {"kind": "List", "metadata": metadata, "items": objects[start:end]}, end >= len(objects)

    def wait_until_listed(self, before):
        """Waits until the gateway has asked for all three lists, and a moment for it to read them."""
        deadline = time.monotonic() + 2
        while self.lists < before + len(self.objects) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)


def snapshot(at_end):
    """The recorded objects, at the end of the run or while its second step runs, by kind."""
    versions = {
        kind: [json.loads(line) for line in (RECORDING / f"{kind}.watch.jsonl").read_text().splitlines()]
        for kind in ("taskruns", "pods", "events")
    }
    until = float("inf")
    if not at_end:
        until = next(line["t"] for line in versions["pods"] if terminated_steps(line["event"]["object"]) == 1)
    found = {}
    for kind, lines in versions.items():
        objects = {
            line["event"]["object"]["metadata"]["name"]: line["event"]["object"]
            for line in lines
            if line["t"] <= until and line["event"]["type"] in ("ADDED", "MODIFIED")
        }
        found[kind] = list(objects.values())
    return found


def terminated_steps(pod):
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return sum("terminated" in status.get("state", {}) for status in statuses)


def renamed(template, index, name, trace_id, source):
    """A copy of the object for another TaskRun: names, UIDs, trace; and times that end a minute ago."""
    text = json.dumps(template)
    meta = json.loads((RECORDING / "meta.json").read_text())
    ended = datetime.datetime.fromtimestamp(meta["finished_unix_ns"] / 1e9, datetime.timezone.utc)
    shift = datetime.datetime.now(datetime.timezone.utc) - ended - datetime.timedelta(minutes=1)
    text = text.replace("success-1", name).replace(meta["namespace"], NAMESPACE)
    text = re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        lambda uid: f"{index:08x}{uid.group()[8:]}",
        text,
    )
    text = re.sub(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", f"00-{trace_id}-{source.getrandbits(64):016x}-01", text)
    return json.loads(TIME.sub(lambda time: shifted(time.group(), shift), text))


def shifted(text, by):
    digits = len(text.partition(".")[2]) - 1 if "." in text else 0
    moved = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) + by
    fraction = f"{moved.microsecond:06}000"[:digits]
    return moved.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if digits > 0 else "") + "Z"
