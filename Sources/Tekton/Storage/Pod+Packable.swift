import Kubernetes

/// Everything but what no span needs: the resource version, and of the owners all but the TaskRun's UID.
extension Pod: Packable {
    private static let ownerKind = "TaskRun"

    func pack(into writer: inout PackWriter) {
        metadata.packCommon(into: &writer)
        writer.write(metadata.labels[Key.taskRunUIDLabel])
        writer.writeShared(metadata.annotations[Key.readyAnnotation])
        writer.write(metadata.ownerReferences.first { $0.kind == Self.ownerKind }?.uid)
        writer.write(nodeName)
        writer.write(initContainers)
        writer.write(containers)
        writer.writeShared(phase)
        writer.writeShared(reason)
        writer.write(scheduled)
        writer.write(disruption)
        writer.write(awaitsReady)
        // In the order of the containers, so that pods of one task have the same strings.
        let known = (initContainers + containers).map(\.name)
        let others = containerStatuses.keys.filter { !known.contains($0) }.sorted()
        writer.write((known + others).compactMap { containerStatuses[$0] })
    }

    init(unpacking reader: inout PackReader) {
        var metadata = ObjectMeta(unpackingCommon: &reader)
        metadata.labels[Key.taskRunUIDLabel] = reader.text()
        metadata.annotations[Key.readyAnnotation] = reader.text()
        if let owner = reader.text() {
            metadata.ownerReferences = [OwnerReference(kind: Self.ownerKind, name: "", uid: owner)]
        }
        self.init(
            metadata: metadata,
            nodeName: reader.text(),
            initContainers: reader.elements(),
            containers: reader.elements(),
            phase: reader.text(),
            reason: reader.text(),
            scheduled: reader.element(),
            disruption: reader.element(),
            awaitsReady: reader.flag()
        )
        for status in reader.elements(ContainerStatus.self) { containerStatuses[status.name] = status }
    }
}

extension Pod.Disruption: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(reason)
        writer.write(since)
    }

    init(unpacking reader: inout PackReader) {
        self.init(reason: reader.text() ?? "", since: reader.time())
    }
}

extension Pod.Container: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(name)
        writer.writeShared(image)
        writer.writeShared(restartPolicy)
    }

    init(unpacking reader: inout PackReader) {
        self.init(name: reader.text() ?? "", image: reader.text(), restartPolicy: reader.text())
    }
}

extension Pod.ContainerStatus: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(name)
        writer.write(state)
        writer.writeShared(imageID)
        // Kubernetes tells it twice of a container that has ended.
        let isTold = containerID.map { state?.terminated?.containerID?.isEqual(to: $0.utf8) == true } ?? false
        writer.write(isTold)
        writer.write(isTold ? nil : containerID)
    }

    init(unpacking reader: inout PackReader) {
        self.init(name: reader.text() ?? "", state: reader.element(), imageID: reader.text())
        containerID = reader.flag() ? state?.terminated?.containerID : nil
        containerID = reader.text() ?? containerID
    }
}
