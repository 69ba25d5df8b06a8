import Kubernetes
import OTLP

/// Everything but what no span needs: the resource version, and of the owners all but a PipelineRun's UID.
extension TaskRun: Packable {
    private static let packedLabels = [
        Label.pipeline, Label.pipelineTask, Label.task, Label.pipelineRun, Label.pipelineRunUID,
    ]
    /// How many of them are alike in many TaskRuns.
    private static let sharedLabels = 3
    private static let ownerKind = "PipelineRun"

    func pack(into writer: inout PackWriter) {
        metadata.packCommon(into: &writer)
        for (index, label) in Self.packedLabels.enumerated() {
            let value = metadata.labels[label]
            if index < Self.sharedLabels { writer.writeShared(value) } else { writer.write(value) }
        }
        writer.write(metadata.ownerReferences.first { $0.kind == Self.ownerKind }?.uid)
        writer.writeShared(taskRefName)
        status.pack(into: &writer)
        writer.write(spanContext)
        writer.write(retries)
        writer.write(specStepNames.count)
        for name in specStepNames { writer.writeShared(name) }
    }

    init(unpacking reader: inout PackReader) {
        var metadata = ObjectMeta(unpackingCommon: &reader)
        for label in Self.packedLabels { metadata.labels[label] = reader.text() }
        if let owner = reader.text() {
            metadata.ownerReferences = [OwnerReference(kind: Self.ownerKind, name: "", uid: owner)]
        }
        self.init(
            metadata: metadata,
            taskRefName: reader.text(),
            status: AttemptStatus(unpacking: &reader),
            spanContext: reader.element(),
            retries: reader.elements(),
            specStepNames: (0..<reader.integer()).map { _ in reader.text() ?? "" }
        )
    }
}

extension ObjectMeta {
    func packCommon(into writer: inout PackWriter) {
        writer.write(name)
        writer.write(namespace)
        writer.write(uid)
        writer.write(creationTimestamp)
        writer.write(deletionTimestamp)
    }

    init(unpackingCommon reader: inout PackReader) {
        self.init(
            name: reader.text() ?? "",
            namespace: reader.text() ?? "",
            uid: reader.text() ?? "",
            creationTimestamp: reader.time(),
            deletionTimestamp: reader.time()
        )
    }
}

extension SpanContext: Packable {
    func pack(into writer: inout PackWriter) {
        writer.write(traceID.high)
        writer.write(traceID.low)
        writer.write(spanID.value)
        writer.write(isSampled)
        writer.write(traceState)
    }

    init(unpacking reader: inout PackReader) {
        self.init(
            traceID: TraceID(high: reader.unsigned(), low: reader.unsigned()),
            spanID: SpanID(reader.unsigned()),
            isSampled: reader.flag(),
            traceState: reader.text() ?? ""
        )
    }
}

extension AttemptStatus: Packable {
    func pack(into writer: inout PackWriter) {
        writer.write(podName)
        writer.write(startTime)
        writer.write(completionTime)
        writer.write(condition)
        writer.write(steps)
    }

    init(unpacking reader: inout PackReader) {
        self.init(
            podName: reader.text(),
            startTime: reader.time(),
            completionTime: reader.time(),
            condition: reader.element(),
            steps: reader.elements()
        )
    }
}

extension AttemptStatus.Condition: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(type)
        writer.writeShared(status)
        writer.writeShared(reason)
        writer.write(message)
        writer.write(lastTransitionTime)
    }

    init(unpacking reader: inout PackReader) {
        self.init(
            type: reader.text() ?? "",
            status: reader.text() ?? "",
            reason: reader.text(),
            message: reader.text(),
            lastTransitionTime: reader.time()
        )
    }
}

extension AttemptStatus.Step: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(name)
        writer.writeShared(container)
        writer.write(terminated)
        writer.writeShared(terminationReason)
    }

    init(unpacking reader: inout PackReader) {
        self.init(
            name: reader.text() ?? "",
            container: reader.text(),
            terminated: reader.element(),
            terminationReason: reader.text()
        )
    }
}
