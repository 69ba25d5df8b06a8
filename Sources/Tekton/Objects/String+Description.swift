extension String {
    /// How long the description of a span's status gets, in bytes.
    private static let longestDescription = 1024

    /// Cut at 1,024 bytes on a character boundary.
    var cutAsDescription: String {
        guard utf8.count > Self.longestDescription else { return self }
        var cut = ""
        var length = 0
        for character in self {
            length += character.utf8.count
            guard length <= Self.longestDescription else { break }
            cut.append(character)
        }
        return cut
    }
}
