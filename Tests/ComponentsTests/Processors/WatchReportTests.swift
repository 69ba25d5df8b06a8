import Kubernetes
import Tekton
import Testing

@testable import Components

@Suite("What there is to say of the watches")
struct WatchReportTests {
    private let taskRuns = WatchKey(TaskRun.resource, nil)
    private let pods = WatchKey(Pod.resource, nil)
    private let events = WatchKey(Event.resource, nil)
    private let away = KubernetesError(.connect, "refused")
    private let forbidden = KubernetesError(.forbidden, "not allowed")
    private var report: WatchReport

    init() {
        report = WatchReport([taskRuns, pods, events])
    }

    private mutating func follow() {
        for key in [taskRuns, pods, events] { report.synced(key) }
    }

    @Test mutating func podsAndEventsTellOnceBothHaveListed() {
        #expect(!report.tells)
        report.synced(pods)
        #expect(!report.tells)
        report.synced(events)
        #expect(report.tells)
    }

    @Test mutating func aFailureIsLoggedOncePerKindUntilAllIsWell() {
        follow()
        #expect(report.failed(pods, forbidden) == true)
        #expect(report.failed(pods, KubernetesError(.forbidden, "still not allowed")) == false)
        #expect(report.failed(events, forbidden) == true)
        #expect(report.failed(pods, away) == true)
        #expect(report.failed(pods, forbidden) == false)
        report.recovered(pods)
        #expect(report.failed(pods, forbidden) == true)
    }

    @Test mutating func everyFailureShowsUntilItsWatchHasRecovered() {
        follow()
        #expect(report.failure == nil)
        _ = report.failed(pods, away)
        _ = report.failed(WatchKey(Pod.resource, "ci"), away)
        _ = report.failed(events, forbidden)
        #expect(report.failure == "events: not allowed; pods: refused")
        // Listed, but not watched yet.
        report.synced(pods)
        #expect(report.failure == "events: not allowed; pods: refused")
        report.recovered(pods)
        #expect(report.failure == "events: not allowed")
        report.recovered(events)
        #expect(report.failure == nil)
    }

    @Test mutating func aWatchThatFailsCanTellLater() {
        follow()
        _ = report.failed(events, away)
        #expect(!report.tells)
        report.synced(events)
        #expect(!report.tells)
        report.recovered(events)
        #expect(report.tells)
        // Of TaskRuns nothing is waited for.
        _ = report.failed(taskRuns, away)
        #expect(report.tells)
    }

    @Test mutating func aWatchThatIsRefusedWillNotTell() {
        report.synced(taskRuns)
        report.synced(pods)
        _ = report.failed(events, forbidden)
        #expect(report.tells)
        _ = report.failed(events, away)
        #expect(!report.tells)
        _ = report.failed(events, KubernetesError(.notFound, "no events"))
        #expect(report.tells)
    }

    /// All are allowed at the same time, but tried again at different ones.
    @Test mutating func whenTaskRunsAreFollowedARefusalHasToBeShownAnew() {
        for key in [taskRuns, pods, events] { _ = report.failed(key, forbidden) }
        #expect(report.tells)
        report.recovered(taskRuns)
        #expect(!report.tells)
        report.recovered(pods)
        _ = report.failed(events, forbidden)
        #expect(report.tells)
    }

    @Test func namesTheNamespace() {
        #expect("\(WatchKey(TaskRun.resource, "ci"))" == "taskruns.tekton.dev in ci")
        #expect("\(WatchKey(Pod.resource, nil))" == "pods")
    }
}
