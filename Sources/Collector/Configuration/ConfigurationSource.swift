import Synchronization

/// Where the configuration of a run comes from, to be read once or again.
public final class ConfigurationSource: Sendable {
    /// Arguments of `--config`.
    private let configs: [String]
    /// Arguments of `--set`.
    private let sets: [String]
    private let sources: ConfigSources
    public let factories: [ComponentFactory]
    private let changes = Mutex(FileChanges())

    public init(configs: [String], sets: [String], sources: ConfigSources, factories: [ComponentFactory]) {
        self.configs = configs
        self.sets = sets
        self.sources = sources
        self.factories = factories
    }

    /// Reads and checks; throws everything that is wrong at once.
    public func load() throws(ConfigErrors) -> (configuration: CollectorConfiguration, warnings: [ConfigError]) {
        let stamps = Mutex<[String: FileStamp?]>([:])
        let read = sources.readFile
        let recording = ConfigSources(environment: sources.environment) { path throws(ConfigError) in
            stamps.withLock { $0[path] = .some(FileStamp(path)) }
            return try read(path)
        }
        do {
            let loaded = try CollectorConfiguration.load(
                configs: configs,
                sets: sets,
                sources: recording,
                factories: factories
            )
            changes.withLock { $0.reset(stamps.withLock { $0 }) }
            return loaded
        } catch {
            // What could not be read may be put right by a file that was not read this time.
            changes.withLock { changes in
                let others = changes.paths.map { ($0, FileStamp($0)) }
                changes.reset(stamps.withLock { $0.merging(others) { stamp, _ in stamp } })
            }
            throw error
        }
    }

    /// Puts the configuration together without checking what it says.
    public func resolve() throws(ConfigErrors) -> LoadedConfig {
        try ConfigLoader(sources: sources).load(configs: configs, sets: sets)
    }

    /// Looks at the files that were read for the configuration. True once for each change, when it has settled: when it
    /// was there at the last look already.
    func filesHaveChanged() -> Bool {
        changes.withLock { changes in
            changes.look(Dictionary(changes.paths.map { ($0, FileStamp($0)) }) { stamp, _ in stamp })
        }
    }
}
