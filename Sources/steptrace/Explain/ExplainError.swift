/// What is wrong with what `steptrace explain` is to explain. Not with how it was called: no usage is shown.
struct ExplainError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
