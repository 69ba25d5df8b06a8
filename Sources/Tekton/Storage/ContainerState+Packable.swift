import Kubernetes

extension ContainerState: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(waitingReason)
        writer.write(running)
        writer.write(terminated)
    }

    init(unpacking reader: inout PackReader) {
        self.init(waitingReason: reader.text(), running: reader.time(), terminated: reader.element())
    }
}

extension ContainerState.Terminated: Packable {
    func pack(into writer: inout PackWriter) {
        writer.write(exitCode)
        writer.writeShared(reason)
        writer.write(startedAt)
        writer.write(finishedAt)
        writer.write(containerID)
        writer.write(message)
    }

    init(unpacking reader: inout PackReader) {
        self.init(
            exitCode: reader.integer(),
            reason: reader.text(),
            startedAt: reader.time(),
            finishedAt: reader.time(),
            containerID: reader.text(),
            message: reader.element()
        )
    }
}

extension TerminationMessage: Packable {
    func pack(into writer: inout PackWriter) {
        writer.write(startedAt)
        writer.write(exitCode)
        writer.writeShared(reason)
    }

    init(unpacking reader: inout PackReader) {
        self.init(startedAt: reader.time(), exitCode: reader.optionalInteger(), reason: reader.text())
    }
}
