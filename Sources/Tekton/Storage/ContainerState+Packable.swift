import Kubernetes

extension ContainerState: Packable {
    func pack(into writer: inout PackWriter) {
        writer.writeShared(waitingReason)
        if hasConfigError { writer.write(waitingMessage) }
        writer.write(running)
        writer.write(terminated)
    }

    init(unpacking reader: inout PackReader) {
        self.init(waitingReason: reader.text())
        if hasConfigError { waitingMessage = reader.text() }
        running = reader.time()
        terminated = reader.element()
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
        // The texts of the few that have one cost the others nothing.
        if couldNotStart { writer.write(startFailure) }
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
        if couldNotStart { startFailure = reader.text() }
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
