import Testing

@testable import Components

@Suite("Free memory is given back")
struct FreeMemoryTests {
    /// What is resident, and what stays when it is given back.
    private final class Memory {
        var resident = 0
        var inUse = 0
        var trims = 0

        var free: FreeMemory {
            FreeMemory {
                self.resident
            } trim: {
                self.resident = self.inUse
                self.trims += 1
            }
        }
    }

    private let large = 2 * FreeMemory.worthwhile

    @Test func afterItHasGrown() {
        let memory = Memory()
        var free = memory.free
        memory.resident = large
        memory.inUse = 100
        free.tick(now: .seconds(5))
        #expect(memory.trims == 1 && memory.resident == 100)
    }

    @Test func butNotAgainWhereWhatIsResidentIsInUse() {
        let memory = Memory()
        var free = memory.free
        memory.resident = large
        memory.inUse = large
        for second in 1...100 { free.tick(now: .seconds(second)) }
        #expect(memory.trims == 1)
        memory.resident += FreeMemory.worthwhile - 1
        free.tick(now: .seconds(200))
        #expect(memory.trims == 1)
        memory.resident += 1
        free.tick(now: .seconds(300))
        #expect(memory.trims == 2)
    }

    @Test func afterItWasLessForAWhile() {
        let memory = Memory()
        var free = memory.free
        memory.resident = 2 * large
        memory.inUse = 2 * large
        free.tick(now: .seconds(5))
        memory.resident = 0
        free.tick(now: .seconds(10))
        memory.resident = FreeMemory.worthwhile
        free.tick(now: .seconds(15))
        #expect(memory.trims == 2)
    }

    @Test func notMoreOftenThanEveryFewSeconds() {
        let memory = Memory()
        var free = memory.free
        for second in 1...20 {
            memory.resident += large
            memory.inUse = memory.resident
            free.tick(now: .seconds(second))
        }
        #expect(memory.trims == 4)
    }
}
