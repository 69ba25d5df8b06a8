import Testing

@testable import Kubernetes

@Suite struct KnownObjectsTests {
    private func key(_ name: String, _ uid: String, namespace: String = "ci") -> ObjectKey {
        ObjectKey(namespace: namespace, name: name, uid: uid)
    }

    @Test func whatAListDoesNotHaveAnyMoreIsGone() {
        var known = KnownObjects()
        known.beginList()
        for (name, namespace) in [("b", "x"), ("a", "x"), ("a", "w")] {
            #expect(known.insert(key(name, "1", namespace: namespace)) == nil)
        }
        #expect(known.endList() == [] && known.count == 3)
        known.beginList()
        #expect(known.insert(key("b", "1", namespace: "x")) == nil)
        #expect(known.endList() == [key("a", "1", namespace: "w"), key("a", "1", namespace: "x")])
        #expect(known.count == 1)
    }

    @Test func anotherUnderTheSameNameReplacesTheOneBefore() {
        var known = KnownObjects()
        #expect(known.insert(key("a", "1")) == nil)
        #expect(known.insert(key("a", "2")) == key("a", "1"))
        known.remove(key("a", "1"))
        #expect(known.count == 1)
        known.remove(key("a", "2"))
        #expect(known.count == 0)
    }

    @Test func whereDeletionsDoNotMatterNothingIsRemembered() {
        var known = KnownObjects(isUsed: false)
        known.beginList()
        #expect(known.insert(key("a", "1")) == nil)
        #expect(known.insert(key("a", "2")) == nil)
        known.beginList()
        #expect(known.endList() == [] && known.count == 0)
    }
}
