/// What a `Reflector` tells of the objects it follows.
public enum ReflectorEvent<Resource: KubernetesResource>: Sendable {
    /// The object exists and looks like this. May repeat what is known.
    case applied(Resource)
    /// The object is gone. `last` is its last state, as the API server sends it with a DELETED event; nil when the
    /// deletion was only noticed afterwards, because the object was missing in a list.
    ///
    /// When an object was replaced under the same name, the deletion of the old one comes first.
    case deleted(ObjectKey, last: Resource?)
    /// All objects that exist have been told, and all deletions since the last time. Comes after each complete list.
    case synced
    /// The API server does not answer as it should. Once per failed attempt.
    case failed(KubernetesError, retryIn: Duration)
    /// The first success after `failed`.
    case recovered
}
