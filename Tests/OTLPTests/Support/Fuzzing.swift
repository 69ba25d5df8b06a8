import FoundationEssentials

/// SplitMix64: the same seed gives the same numbers.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// True once in `n` times.
    mutating func oneIn(_ n: Int) -> Bool {
        Int.random(in: 0..<n, using: &self) == 0
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}

/// Runs `body` with as many seeds as STEPTRACE_FUZZ_ITERATIONS says, else `iterations`. The first one is
/// STEPTRACE_FUZZ_SEED, or drawn; it is printed, and each further one is its successor.
///
/// - Returns: the number of iterations.
@discardableResult
func fuzz(_ name: String, iterations: Int, _ body: (inout SeededGenerator, _ seed: UInt64) throws -> Void) rethrows
    -> Int
{
    let environment = ProcessInfo.processInfo.environment
    let first = environment["STEPTRACE_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 48)
    let count = environment["STEPTRACE_FUZZ_ITERATIONS"].flatMap { Int($0) } ?? iterations
    print("\(name): \(count) iterations from STEPTRACE_FUZZ_SEED=\(first)")
    for iteration in 0..<count {
        let seed = first &+ UInt64(iteration)
        var generator = SeededGenerator(seed: seed)
        try body(&generator, seed)
    }
    return count
}
