"""Every manifest is what Kubernetes' schemas, the restricted Pod Security Standard and the manifests beside it want."""

import re

import kubernetes_validate
import pytest
from conftest import MANIFESTS, configuration, merged, workload

# The oldest with preStop sleep on, and the newest that there are schemas for.
VERSIONS = ["1.30", "1.37"]
MONITORING = {"ServiceMonitor", "PrometheusRule"}
EACH = pytest.mark.parametrize("name", MANIFESTS)
GATEWAYS = pytest.mark.parametrize("name", [name for name in MANIFESTS if name.startswith(("overlays", "helm"))])


def one(documents, kind, name=None):
    found = [d for d in documents if d["kind"] == kind and name in (None, d["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
    return found[0]


def is_for_leases(role):
    """Roles for Leases and those for what is followed have nothing in common."""
    groups = {group for rule in role["rules"] for group in rule["apiGroups"]}
    assert "coordination.k8s.io" not in groups or len(groups) == 1
    return "coordination.k8s.io" in groups


def is_selected(selector, labels):
    return selector.items() <= labels.items()


@pytest.mark.parametrize("version", VERSIONS)
@EACH
def test_schema_is_kept_to_strictly(name, version):
    for document in MANIFESTS[name]:
        if document["kind"] in MONITORING:
            assert document["apiVersion"] == "monitoring.coreos.com/v1"
            assert document["metadata"]["name"] and document["spec"]
            continue
        kubernetes_validate.validate(document, version, strict=True)


@EACH
def test_objects_are_named_once(name):
    keys = [(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in MANIFESTS[name]]
    assert len(keys) == len(set(keys))


@EACH
def test_pods_are_restricted(name):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, and a read-only root file system."""
    for document in MANIFESTS[name]:
        if document["kind"] not in ("Deployment", "StatefulSet"):
            continue
        pod = document["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & pod.keys()
        allowed = {"name", "configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected"}
        assert all(volume.keys() <= allowed for volume in pod.get("volumes", []))
        for container in pod["containers"] + pod.get("initContainers", []):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not context.get("privileged")
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert "memory" in container["resources"]["limits"]


@EACH
def test_names_lead_somewhere(name):
    """Selectors select, ports and volumes that are named are there."""
    documents = MANIFESTS[name]
    if not any(d["kind"] in ("Deployment", "StatefulSet") for d in documents):
        return
    template = workload(documents)["spec"]["template"]
    labels, pod = template["metadata"]["labels"], template["spec"]
    container = pod["containers"][0]
    ports = {port["name"] for port in container["ports"]}
    claims = {claim["metadata"]["name"] for claim in workload(documents)["spec"].get("volumeClaimTemplates", [])}
    volumes = {volume["name"] for volume in pod["volumes"]} | claims
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert is_selected(workload(documents)["spec"]["selector"]["matchLabels"], labels)
    for probe in ("readinessProbe", "livenessProbe"):
        if probe in container:
            action = next(value for value in container[probe].values() if isinstance(value, dict))
            assert action["port"] in ports
    for document in documents:
        spec = document.get("spec", {})
        match document["kind"]:
            case "Service":
                assert is_selected(spec["selector"], labels)
                assert {port["targetPort"] for port in spec["ports"]} <= ports
            case "PodDisruptionBudget":
                assert is_selected(spec["selector"]["matchLabels"], labels)
            case "NetworkPolicy":
                assert is_selected(spec["podSelector"]["matchLabels"], labels)
                assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} <= ports
            case "ServiceMonitor":
                services = [
                    d
                    for d in documents
                    if d["kind"] == "Service" and is_selected(spec["selector"]["matchLabels"], d["metadata"]["labels"])
                ]
                assert len(services) == 1
                assert {p["port"] for p in spec["endpoints"]} <= {p["name"] for p in services[0]["spec"]["ports"]}
            case "StatefulSet":
                assert one(documents, "Service", spec["serviceName"])["spec"]["clusterIP"] == "None"


@GATEWAYS
def test_configuration_is_that_of_the_pod(name):
    """Ports, paths and volumes of the configuration are those of the pod."""
    documents = MANIFESTS[name]
    config = merged(configuration(documents))
    pod = workload(documents)["spec"]["template"]["spec"]
    container = pod["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    protocols = config["receivers"]["otlp"]["protocols"]
    assert protocols["http"]["endpoint"] == f"0.0.0.0:{ports['otlp-http']}"
    assert protocols["grpc"]["endpoint"] == f"0.0.0.0:{ports['otlp-grpc']}"
    for guard in ("tls", "auth"):
        assert protocols["grpc"].get(guard) == protocols["http"].get(guard), "a door that is not locked"
    assert config["extensions"]["health_check"]["endpoint"] == f"0.0.0.0:{ports['health']}"
    (reader,) = config["service"]["telemetry"]["metrics"]["readers"]
    assert reader["pull"]["exporter"]["prometheus"] == {"host": "0.0.0.0", "port": ports["metrics"]}
    assert set(config["service"]["extensions"]) == set(config["extensions"]), "an extension that does not run"
    for file in re.findall(r"/(?:etc|var/lib)/[\w./-]+", "\n".join(text for _, text in configuration(documents))):
        assert any(file.startswith(mount["mountPath"] + "/") for mount in container["volumeMounts"]), file
    storage = config["extensions"].get("file_storage")
    if storage:
        mount = next(m for m in container["volumeMounts"] if storage["directory"].startswith(m["mountPath"]))
        assert not mount.get("readOnly")
        size = next(
            claim["spec"]["resources"]["requests"]["storage"]
            for claim in workload(documents)["spec"]["volumeClaimTemplates"]
            if claim["metadata"]["name"] == mount["name"]
        )
        assert size == "1Gi" and config["exporters"]["otlp_http"]["sending_queue"]["queue_size"] * 2 <= 1 << 30
    variables = set(re.findall(r"\$\{env:(\w+)", "\n".join(text for _, text in configuration(documents))))
    temporary = {"SQLITE_TMPDIR"} if storage else set()
    assert variables | temporary == {variable["name"] for variable in container["env"]}


@GATEWAYS
def test_a_rollout_refuses_no_connection(name):
    """A new pod is there before an old one goes, or other pods are; and an old one ends in its time."""
    document = workload(MANIFESTS[name])
    spec, pod = document["spec"], document["spec"]["template"]["spec"]
    if document["kind"] == "Deployment":
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    else:
        assert spec["replicas"] > 1 and spec["updateStrategy"]["type"] == "RollingUpdate"
    assert spec["minReadySeconds"] > 0
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause >= 5
    shutdown_timeout = 10
    assert "shutdown_timeout" not in merged(configuration(MANIFESTS[name]))["service"]
    assert pod["terminationGracePeriodSeconds"] >= pause + shutdown_timeout + 5


@GATEWAYS
def test_rights_are_those_of_the_account(name):
    documents = MANIFESTS[name]
    account = one(documents, "ServiceAccount")
    assert workload(documents)["spec"]["template"]["spec"]["serviceAccountName"] == account["metadata"]["name"]
    bindings = [d for d in documents if d["kind"].endswith("RoleBinding")]
    assert bindings
    namespaces, lease_namespaces = set(), set()
    for binding in bindings:
        role = one(documents, binding["roleRef"]["kind"], binding["roleRef"]["name"])
        namespace = binding["metadata"].get("namespace")
        assert role["metadata"].get("namespace") == namespace
        (lease_namespaces if is_for_leases(role) else namespaces).add(namespace)
        assert binding["subjects"] == [
            {
                "kind": "ServiceAccount",
                "name": account["metadata"]["name"],
                "namespace": account["metadata"]["namespace"],
            }
        ]
    options = merged(configuration(documents))["processors"]["tekton_steps"] or {}
    followed = options.get("namespaces", [None])
    assert namespaces == set(followed), "rights where nothing is followed, or none where something is"
    is_sharded = options.get("sharding", {}).get("enabled", False)
    own = {workload(documents)["metadata"]["namespace"]} if is_sharded else set()
    assert lease_namespaces == own, "rights to Leases that are not used, or none where they are"


@GATEWAYS
def test_replicas_share_the_task_runs(name):
    """Several replicas each add all spans, unless they share; one alone has nobody to share with."""
    documents = MANIFESTS[name]
    options = merged(configuration(documents))["processors"]["tekton_steps"] or {}
    is_sharded = options.get("sharding", {}).get("enabled", False)
    assert is_sharded == (workload(documents)["spec"]["replicas"] > 1)
    # Nor do all connections have to go to one of them, which would carry the load alone.
    services = [d for d in documents if d["kind"] == "Service"]
    assert not is_sharded or all("sessionAffinity" not in service["spec"] for service in services)


def test_rights_are_written_once():
    """All roles say the same as those two that the end-to-end tests compare with the requests they see."""
    roles = [d for documents in MANIFESTS.values() for d in documents if d["kind"] in ("Role", "ClusterRole")]
    for is_wanted in (is_for_leases, lambda role: not is_for_leases(role)):
        rules = [role["rules"] for role in roles if is_wanted(role)]
        assert rules and all(rule == rules[0] for rule in rules)


@pytest.mark.parametrize("name", [name for name in MANIFESTS if name.startswith("tekton/")])
def test_tekton_is_pointed_at_a_service(name):
    data = one(MANIFESTS[name], "ConfigMap", "config-tracing")["data"]
    overlay = {"config-tracing": "single", "config-tracing-v1.10": "tekton-v1.10", "config-tracing-secure": "secure"}
    documents = MANIFESTS["overlays/" + overlay[name.removeprefix("tekton/").removesuffix(".yaml")]]
    service = one(documents, "Service", "steptrace")
    address = re.fullmatch(r"(https?)://(\w+)\.(\w+)\.svc\.cluster\.local:(\d+)(/v1/traces|/api/traces)", data["endpoint"])
    assert address, data["endpoint"]
    assert (address[2], address[3]) == (service["metadata"]["name"], service["metadata"]["namespace"])
    port = next(port for port in service["spec"]["ports"] if port["port"] == int(address[4]))
    assert port["targetPort"] == "otlp-http"
    config = merged(configuration(documents))
    assert (address[1] == "https") == ("tls" in config["receivers"]["otlp"]["protocols"]["http"])
    assert ("credentialsSecret" in data) == ("auth" in config["receivers"]["otlp"]["protocols"]["http"])


def test_jaeger_is_the_backend():
    """The sample Jaeger is where the overlays send to."""
    container = workload(MANIFESTS["overlays/single"])["spec"]["template"]["spec"]["containers"][0]
    service = one(MANIFESTS["jaeger/jaeger.yaml"], "Service", "jaeger-collector")
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local"
    assert container["env"][0]["value"] == f"http://{host}:4318"
    assert 4318 in {port["port"] for port in service["spec"]["ports"]}
