/// One life of a component: what is made anew with the same key, after a change of the configuration, is another one.
struct ComponentInstance: Hashable, Sendable, CustomStringConvertible {
    /// Of its state: `receiver:otlp`.
    let key: String
    /// Unique in the process.
    let number: Int

    var description: String { "\(key)#\(number)" }
}
