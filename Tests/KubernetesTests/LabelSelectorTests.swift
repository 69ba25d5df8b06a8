import Kubernetes
import Testing

@Suite struct LabelSelectorTests {
    @Test(arguments: [
        "", " ", "a", "!a", "a=b", "a==b", "a!=b", "a=", "team=build,!legacy", "a in (b, c)", "a notin (b)", "a in ()",
        "app.kubernetes.io/managed-by = tekton-pipelines , tier in (x,y),z", "retries>3", "a.b_c-d=E.F_g-9",
    ])
    func whatTheAPIServerTakesIsTaken(selector: String) {
        #expect(LabelSelector.problem(in: selector) == nil)
    }

    @Test(arguments: [
        ("a in (b", "parentheses do not match"), ("a in b)", "parentheses do not match"),
        ("a,,b", "there is nothing before or behind a comma"), ("a,", "there is nothing before or behind a comma"),
        ("a b", "\"a b\" is not a label's key"), ("-a=b", "\"-a\" is not a label's key"),
        ("a=b c", "\"b c\" is not a label's value"), ("a=b_", "\"b_\" is not a label's value"),
        ("a of (b)", "\"a of (b)\" is not \"key in (values)\" or \"key notin (values)\""),
        ("Ex.com/a", "\"Ex.com/a\" is not a label's key"), ("x/y/z=1", "\"x/y/z\" is not a label's key"),
        ("=b", "\"\" is not a label's key"), ("n>x", "\"x\" is not a whole number"),
        (String(repeating: "a", count: 64), "\"\(String(repeating: "a", count: 64))\" is not a label's key"),
    ])
    func whatItRefusesIsSaid(selector: String, problem: String) {
        #expect(LabelSelector.problem(in: selector) == problem)
    }

    @Test func namespacesAreDNSLabels() {
        for name in ["ci", "a", "team-1-ci", "0"] { #expect(LabelSelector.isDNSLabel(name)) }
        for name in ["", "Bad_NS", "a.b", "-a", "a-", String(repeating: "a", count: 64)] {
            #expect(!LabelSelector.isDNSLabel(name))
        }
    }
}
