enum KubeconfigPath {
    /// Paths in a kubeconfig are relative to the directory it is in.
    static func resolve(_ path: String, against file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }
}
