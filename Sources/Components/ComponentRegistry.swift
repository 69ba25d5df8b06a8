public import Collector

/// The components that a configuration may name.
public enum ComponentRegistry {
    public static let factories: [ComponentFactory] = []
}
