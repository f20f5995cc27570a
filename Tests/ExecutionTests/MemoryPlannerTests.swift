import Execution
import Testing

@Suite struct MemoryPlannerTests {
  @Test(arguments: 0..<40) func livingBuffersNeverOverlap(seed: Int) {
    var generator = Sequence(state: UInt64(seed) &* 7919 &+ 1)
    let lives = (0..<60).map { _ in
      let first = Int.random(in: 0..<30, using: &generator)
      return MemoryPlanner.Lifetime(
        byteCount: Int.random(in: 0...5000, using: &generator), first: first,
        last: first + Int.random(in: 0..<6, using: &generator))
    }
    let (offsets, total) = MemoryPlanner.place(lives)
    for (index, life) in lives.enumerated() {
      #expect(offsets[index] % 64 == 0)
      #expect(offsets[index] + life.byteCount <= total)
      for other in 0..<index
      where lives[other].first <= life.last && life.first <= lives[other].last {
        let apart =
          offsets[index] + life.byteCount <= offsets[other]
          || offsets[other] + lives[other].byteCount <= offsets[index]
        #expect(apart, "\(index) and \(other)")
      }
    }
    #expect(total <= lives.reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 })
  }

  @Test func oneAfterTheOtherTakesTheSameBytes() {
    let lives = (0..<5).map {
      MemoryPlanner.Lifetime(byteCount: 640, first: $0 * 2, last: $0 * 2 + 1)
    }
    let (offsets, total) = MemoryPlanner.place(lives)
    #expect(total == 640)
    #expect(offsets == [0, 0, 0, 0, 0])
  }

  @Test func nothingNeedsNothing() {
    let (offsets, total) = MemoryPlanner.place([])
    #expect(offsets.isEmpty && total == 0)
  }
}

/// Deterministic numbers for one seed.
private struct Sequence: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
