import Collector
import Logging

extension ComponentContext {
    /// Runs an extension whose secrets may lie in files: looks at them again and again until a graceful shutdown or the
    /// task's end. A file that cannot be used is told of, and what was there before stays.
    ///
    /// - Parameters:
    ///   - things: what is in the files, for the log.
    ///   - update: takes what has changed; nil when nothing has, otherwise how many there are.
    func followSecrets(
        _ things: String,
        every interval: Duration,
        _ update: @escaping @Sendable () throws(AuthenticationFileError) -> Int?
    ) async {
        report(.ok)
        await poll(every: interval) {
            do throws(AuthenticationFileError) {
                guard let count = try update() else { return }
                report(.ok)
                logger.info("Read the \(things) again", metadata: ["count": .stringConvertible(count)])
            } catch {
                report(.recoverableError("\(error)"))
                logger.warning("Keeping the \(things) there are", metadata: ["error": "\(error)"])
            }
        }
        report(.stopped)
    }
}
