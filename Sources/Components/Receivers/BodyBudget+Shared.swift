import HTTPServer

extension BodyBudget {
    /// That of all receivers of the process: a quarter of the memory there is, 256 MiB at the most.
    static let shared = BodyBudget(limit: min(256 << 20, (SystemMemory().total() ?? .max) / 4))
}
