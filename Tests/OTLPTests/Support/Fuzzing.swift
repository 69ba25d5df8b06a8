import FoundationEssentials
import TestSupport

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
