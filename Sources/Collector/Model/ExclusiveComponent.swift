/// A component that has something for itself alone, such as a file: one that takes its place, after a change of the
/// configuration, is started when it has ended, and not beside it.
///
/// For as long as that takes, batches still come to it. It refuses them for now.
public protocol ExclusiveComponent {
    var isExclusive: Bool { get }
}
