public import Collector

/// The components that a configuration may name.
public enum ComponentRegistry {
    public static let factories: [ComponentFactory] = [
        OTLPReceiver.factory,
        TektonStepsProcessor.factory,
        MemoryLimiterProcessor.factory,
        BatchProcessor.factory,
        OTLPHTTPExporter.factory,
        OTLPGRPCExporter.factory,
        DebugExporter.factory,
        FileExporter.factory,
        HealthCheckExtension.factory,
        ZPagesExtension.factory,
        BasicAuthExtension.factory,
        BearerTokenAuthExtension.factory,
        FileStorageExtension.factory,
    ]
}
