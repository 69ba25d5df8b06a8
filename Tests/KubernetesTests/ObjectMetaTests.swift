import Kubernetes
import Testing

@Suite struct ObjectMetaTests {
    private static let json = """
        {"name": "build-1", "namespace": "ci", "uid": "u1", "resourceVersion": "445", "generation": 2,
         "creationTimestamp": "1970-01-01T00:00:01Z",
         "labels": {"tekton.dev/task": "build", "team": "a"}, "annotations": {"note": "long text"},
         "ownerReferences": [{"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": "run", "uid": "u0",
                              "controller": true, "blockOwnerDeletion": true},
                             {"apiVersion": "v1", "kind": "ConfigMap", "name": "cm", "uid": "u2"}],
         "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {}}}]}
        """

    private func read(_ json: String, keeping kept: KeptMetadata) throws -> ObjectMeta {
        var reader = JSONReader(Array(json.utf8))
        let metadata = try ObjectMeta(reading: &reader, keeping: kept)
        try reader.end()
        return metadata
    }

    @Test func keepsOnlyTheNamedLabelsAndAnnotations() throws {
        let metadata = try read(Self.json, keeping: KeptMetadata(labels: ["tekton.dev/task", "absent"]))
        let expected = ObjectMeta(
            name: "build-1",
            namespace: "ci",
            uid: "u1",
            resourceVersion: "445",
            creationTimestamp: KubernetesTime(unixNanoseconds: 1_000_000_000),
            labels: ["tekton.dev/task": "build"],
            ownerReferences: [
                OwnerReference(kind: "PipelineRun", name: "run", uid: "u0", controller: true),
                OwnerReference(kind: "ConfigMap", name: "cm", uid: "u2"),
            ]
        )
        #expect(metadata == expected)
        #expect(metadata.key == ObjectKey(namespace: "ci", name: "build-1", uid: "u1"))
    }

    @Test func nullAndMissingMapsAreEmpty() throws {
        let json = #"{"name": "n", "labels": null, "creationTimestamp": null}"#
        let metadata = try read(json, keeping: KeptMetadata(labels: ["a"], annotations: ["b"]))
        #expect(metadata == ObjectMeta(name: "n"))
    }
}
