/// A component that has read files, such as certificates, and can read them again while it runs.
public protocol FileReadingComponent {
    /// The configuration was read again, and the component has stayed as it was: its files may have changed. Blocks.
    ///
    /// A file that cannot be used is told of in the log, and what was read before stays.
    func rereadFiles()
}
