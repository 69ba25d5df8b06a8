import Kubernetes

extension PodEvents: Packable {
    func pack(into writer: inout PackWriter) {
        writer.write(schedulingFailed)
        writer.write(isPastScheduling)
        writer.write(pulls.count)
        for (container, pull) in pulls.sorted(by: { $0.key < $1.key }) {
            writer.writeShared(container)
            writer.write(pull.began)
            writer.write(pull.succeeded)
            writer.write(pull.failed)
            writer.write(pull.failure)
            writer.write(pull.imageSize)
        }
    }

    init(unpacking reader: inout PackReader) {
        self.init()
        schedulingFailed = reader.flag()
        isPastScheduling = reader.flag()
        for _ in 0..<reader.integer() {
            let container = reader.text() ?? ""
            pulls[container] = Pull(
                began: reader.time(),
                succeeded: reader.time(),
                failed: reader.time(),
                failure: reader.text(),
                imageSize: reader.optionalInteger()
            )
        }
    }
}
