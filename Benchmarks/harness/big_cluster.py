"""A Kubernetes API server with very many TaskRuns of real size, their pods and events, which are sent as they are: each
object is made once, as bytes, so that the server is not what limits. It can change them at a steady rate."""

import datetime
import functools
import json
import random
import re
import time

from .api_server import APIServer
from .cluster import TIME, shifted, snapshot

TASK_RUN_BYTES = 15_000
TASKS = 50
NAMESPACES = 20
NODES = 50
IMAGES = 40
UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CONTAINER_ID = re.compile(r"(?<=containerd://)[0-9a-f]{64}")
IMAGE = re.compile(r"(?:docker\.io/[a-z/]+)(?::[\w.]+|@sha256:[0-9a-f]{64})")
KINDS = {"taskruns": "TaskRunList", "pods": "PodList", "events": "EventList"}


class BigCluster(APIServer):
    """All TaskRuns are in the same state: in their second step, or over for so many seconds."""

    def __init__(self, count, ended_ago=None, streams_lists=False):
        self.count = count
        self.streams_lists = streams_lists
        self.objects = {kind: [] for kind in KINDS}
        # Namespace, name and trace id of each.
        self.task_runs = []
        self.selections = {}
        self.watches = {kind: [] for kind in KINDS}
        self.version = 1_000_000
        templates = [
            [Template(kind, item, task, ended_ago) for kind, item in self.snapshot(ended_ago)]
            for task in range(min(TASKS, count))
        ]
        for index in range(count):
            values = Values(index, index % TASKS)
            self.task_runs.append((values.texts["NAMESPACE"], values.texts["NAME"], values.texts["TRACE"]))
            for template in templates[index % TASKS]:
                self.objects[template.kind].append(template.fill(values, self.next_version()))

    @staticmethod
    def snapshot(ended_ago):
        for kind, objects in recorded(at_end=ended_ago is not None).items():
            for template in objects:
                if kind != "events" or template["involvedObject"]["kind"] == "Pod":
                    yield kind, template

    def next_version(self):
        self.version += 1
        return self.version

    def get(self, handler, kind, query):
        if kind not in KINDS:
            handler.answer(404, [b'{"kind":"Status","code":404}'])
        elif not query["watch"]:
            handler.answer(200, self.page(kind, query))
        elif query.get("sendInitialEvents") == "true" and not self.streams_lists:
            handler.refuse_streaming_list()
        else:
            self.watch(handler, kind, query)

    def selected(self, kind, query):
        """What the field selector leaves over: Events of some reasons are not wanted."""
        selector = query.get("fieldSelector", "")
        if (kind, selector) not in self.selections:
            unwanted = [f'"reason":"{reason}"'.encode() for reason in re.findall(r"reason!=(\w+)", selector)]
            self.selections[kind, selector] = [
                item for item in self.objects[kind] if not any(reason in item for reason in unwanted)
            ]
        return self.selections[kind, selector]

    def page(self, kind, query):
        """A page of a list, also of one that may be old, which servers with a watch cache cut since 1.34."""
        objects = self.selected(kind, query)
        start = int(query.get("continue", 0))
        end = start + int(query.get("limit", len(objects)))
        metadata = {"resourceVersion": str(self.version)}
        if end < len(objects):
            metadata["continue"] = str(end)
        head = f'{{"apiVersion":"v1","kind":"{KINDS[kind]}","metadata":{json.dumps(metadata)},"items":['
        return [head.encode(), b",".join(objects[start:end]), b"]}"]

    def watch(self, handler, kind, query):
        """Sends what there is, if asked to, and from then on whatever `change` sends, until the connection ends."""
        handler.begin_watch()
        if query.get("sendInitialEvents") == "true":
            for item in self.selected(kind, query):
                handler.wfile.write(chunk(event("ADDED", item)))
            metadata = {
                "resourceVersion": str(self.version),
                "annotations": {"k8s.io/initial-events-end": "true"},
            }
            handler.wfile.write(chunk(event("BOOKMARK", json.dumps({"metadata": metadata}).encode())))
        handler.wfile.flush()
        self.watches[kind].append(handler.wfile)
        handler.wait_for_end()

    def change(self, kind, line):
        """Sends an event to all who watch."""
        for watch in self.watches[kind]:
            watch.write(chunk(line))
            watch.flush()

    def wait_until_watched(self, deadline):
        while not all(self.watches.values()):
            if time.monotonic() > deadline:
                raise TimeoutError("not all watches are open")
            time.sleep(0.002)


def chunk(content):
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def event(kind, item):
    return b'{"type":"' + kind.encode() + b'","object":' + item + b"}\n"


class Values:
    """What is different in each TaskRun and its pod."""

    def __init__(self, index, task):
        # The same for every state of a TaskRun.
        self.source = source = random.Random(index)
        self.texts = {
            "NAME": f"pipeline-run-{index // 10:05}-{task_name(task)}",
            "NAMESPACE": f"team-{index % NAMESPACES:02}-builds",
            "RUN": f"pipeline-run-{index // 10:05}",
            "RUNUID": f"{index // 10:08x}-8da3-4d07-b482-fb04c6bcc972",
            "NODE": f"node-pool-a-{source.randrange(NODES):03}.example.internal",
            "TRACE": f"{source.getrandbits(128):032x}",
            "SPAN": f"{source.getrandbits(64) | 1:016x}",
            "UID": f"{source.getrandbits(32):08x}",
        }

    def __getitem__(self, key):
        return self.texts[key] if key in self.texts else f"{self.source.getrandbits(256):064x}"


def task_name(task):
    return f"build-and-test-component-{task:02}"


class Template:
    """A recorded object with holes for `Values`, and with all that it has in a cluster: who managed which fields, labels and
    owners of a pipeline, parameters and results."""

    HOLE = re.compile(r"@(\w+)@")

    def __init__(self, kind, recorded, task, ended_ago):
        self.kind = kind
        item = json.loads(json.dumps(recorded))
        if kind != "events":
            dress(item, kind, task)
        text = json.dumps(item, separators=(",", ":"))
        if kind == "taskruns":
            item["metadata"]["annotations"]["description"] = "x" * max(0, TASK_RUN_BYTES - len(text) - 20)
            text = json.dumps(item, separators=(",", ":"))
        ended = datetime.datetime.fromisoformat(recorded_end().replace("Z", "+00:00"))
        shift = datetime.datetime.now(datetime.timezone.utc) - ended - datetime.timedelta(seconds=ended_ago or 0)
        text = TIME.sub(lambda found: shifted(found.group(), shift), text)
        namespace, name = recorded_names()
        text = text.replace(name, "@NAME@").replace(namespace, "@NAMESPACE@")
        text = UID.sub(lambda found: "@UID@" + found.group()[8:], text)
        numbers = {}
        text = CONTAINER_ID.sub(lambda found: f"@CID{numbers.setdefault(found.group(), len(numbers))}@", text)
        text = re.sub(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", "00-@TRACE@-@SPAN@-01", text)
        text = re.sub(r'"nodeName":"[^"]*"', '"nodeName":"@NODE@"', text)
        text = IMAGE.sub(lambda found: image(found.group(), task), text)
        text = re.sub(r'"resourceVersion":"\d*"', '"resourceVersion":"@VERSION@"', text)
        parts = self.HOLE.split(text)
        self.literals = [part.encode() for part in parts[::2]]
        self.keys = parts[1::2]

    def fill(self, values, version):
        found = {}
        parts = [self.literals[0]]
        for key, literal in zip(self.keys, self.literals[1:]):
            if key == "VERSION":
                parts.append(str(version).encode())
            else:
                if key not in found:
                    found[key] = values[key].encode()
                parts.append(found[key])
            parts.append(literal)
        return b"".join(parts)


def image(recorded, task):
    """One of a registry's images, by tag or by digest."""
    number = (task + sum(recorded.encode()) % 3) % IMAGES
    name = f"registry.example.internal:5000/platform/toolchains/image-{number:02}"
    return f"{name}@sha256:{number:064x}" if "@" in recorded else f"{name}:v1.{number}.0"


recorded = functools.cache(snapshot)


def recorded_names():
    task_run = recorded(at_end=True)["taskruns"][0]["metadata"]
    return task_run["namespace"], task_run["name"]


def recorded_end():
    return recorded(at_end=True)["taskruns"][0]["status"]["completionTime"]


def dress(item, kind, task):
    metadata = item["metadata"]
    labels = metadata.setdefault("labels", {})
    metadata.setdefault("annotations", {})
    labels |= {
        "app.kubernetes.io/managed-by": "tekton-pipelines",
        "tekton.dev/memberOf": "tasks",
        "tekton.dev/pipeline": f"pipeline-{task % 5}",
        "tekton.dev/pipelineRun": "@RUN@",
        "tekton.dev/pipelineRunUID": "@RUNUID@",
        "tekton.dev/pipelineTask": task_name(task),
        "tekton.dev/task": task_name(task),
    }
    if kind == "taskruns":
        owner = {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": "@RUN@", "uid": "@RUNUID@"}
        metadata["ownerReferences"] = [owner | {"controller": True, "blockOwnerDeletion": True}]
        item["spec"]["params"] = [{"name": f"param-{n}", "value": f"value of parameter {n}"} for n in range(12)]
        if "completionTime" in item["status"]:
            item["status"]["results"] = [
                {"name": f"result-{n}", "type": "string", "value": f"{n:064x}"} for n in range(8)
            ]
        # The steps as they are resolved are longer than those that were recorded.
        for step in item["status"].get("taskSpec", {}).get("steps", []):
            step["script"] += "# what a real step does takes more lines than a few\n" * 24
    metadata["managedFields"] = [
        {
            "apiVersion": item.get("apiVersion", "v1"),
            "fieldsType": "FieldsV1",
            "fieldsV1": {f"f:{part}": fields(item.get(part, {}), part == "status")},
            "manager": manager,
            "operation": "Update",
            "time": metadata["creationTimestamp"],
        }
        for manager, part in (("tekton-controller", "spec"), ("kubelet", "status"))
    ]


def fields(value, lists_are_whole):
    """Who manages what is told for each field, down to the elements of lists that have a name."""
    if isinstance(value, dict):
        return {".": {}} | {f"f:{key}": fields(inner, lists_are_whole) for key, inner in value.items()}
    if isinstance(value, list) and not lists_are_whole:
        return {
            f'k:{{"name":"{inner["name"]}"}}': fields(inner, lists_are_whole)
            for inner in value
            if isinstance(inner, dict) and "name" in inner
        }
    return {}
