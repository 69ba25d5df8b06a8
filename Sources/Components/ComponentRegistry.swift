public import Collector

/// The components that a configuration may name.
public enum ComponentRegistry {
    public static let factories: [ComponentFactory] = [
        OTLPReceiver.factory,
        TektonStepsProcessor.factory,
        OTLPHTTPExporter.factory,
        DebugExporter.factory,
        HealthCheckExtension.factory,
    ]
}
