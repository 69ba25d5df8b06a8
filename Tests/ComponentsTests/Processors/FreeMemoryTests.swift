import Testing

@testable import Components

@Suite("Free memory is given back")
struct FreeMemoryTests {
    /// What is resident and not in use, and what of it cannot be given back.
    private final class Memory {
        var unused = 0
        var held = 0
        var trims = 0

        var free: FreeMemory {
            FreeMemory {
                self.unused
            } trim: {
                self.unused = self.held
                self.trims += 1
            }
        }
    }

    private let large = 2 * FreeMemory.worthwhile

    @Test func afterItHasGrown() {
        let memory = Memory()
        var free = memory.free
        memory.unused = large
        memory.held = 100
        free.tick(now: .seconds(5))
        #expect(memory.trims == 1 && memory.unused == 100)
    }

    @Test func butNotAgainWhereItCannotBe() {
        let memory = Memory()
        var free = memory.free
        memory.unused = large
        memory.held = large
        for second in 1...100 { free.tick(now: .seconds(second)) }
        #expect(memory.trims == 1)
        memory.unused += FreeMemory.worthwhile - 1
        free.tick(now: .seconds(200))
        #expect(memory.trims == 1)
        memory.unused += 1
        free.tick(now: .seconds(300))
        #expect(memory.trims == 2)
    }

    @Test func afterItWasLessForAWhile() {
        let memory = Memory()
        var free = memory.free
        memory.unused = 2 * large
        memory.held = 2 * large
        free.tick(now: .seconds(5))
        memory.unused = 0
        free.tick(now: .seconds(10))
        memory.unused = FreeMemory.worthwhile
        free.tick(now: .seconds(15))
        #expect(memory.trims == 2)
    }

    @Test func notMoreOftenThanEveryFewSeconds() {
        let memory = Memory()
        var free = memory.free
        for second in 1...20 {
            memory.unused += large
            memory.held = memory.unused
            free.tick(now: .seconds(second))
        }
        #expect(memory.trims == 4)
    }
}
