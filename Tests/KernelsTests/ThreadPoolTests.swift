import Glibc
import Synchronization
import Testing

@testable import Kernels

@Suite struct ThreadPoolTests {
  /// How often each index was run; every element is written by one thread at a time.
  private final class Visits: Sendable {
    let counts: Mutex<[Int]>
    init(_ count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }
    func visit(_ range: Range<Int>) {
      counts.withLock { counts in for index in range { counts[index] += 1 } }
    }
    var all: [Int] { counts.withLock { $0 } }
  }

  @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 100])
  func everyIndexRunsOnce(threads: Int, count: Int) {
    let pool = ThreadPool(threads: threads)
    let split = Visits(count)
    pool.parallel(count) { split.visit($0) }
    #expect(split.all == Array(repeating: 1, count: count))
    let handedOut = Visits(count)
    pool.dynamic(count, chunk: 3) { range, _ in handedOut.visit(range) }
    #expect(handedOut.all == Array(repeating: 1, count: count))
  }

  @Test func grainLimitsHowManyRangesThereAre() {
    let pool = ThreadPool(threads: 4)
    let ranges = Mutex<[Range<Int>]>([])
    pool.parallel(10, grain: 5) { range in ranges.withLock { $0.append(range) } }
    #expect(ranges.withLock { $0.map(\.count) } == [5, 5])
  }

  @Test func chunksAreContiguousAndWorkersAreInRange() {
    let pool = ThreadPool(threads: 3)
    let calls = Mutex<[(Range<Int>, Int)]>([])
    pool.dynamic(10, chunk: 4) { range, worker in calls.withLock { $0.append((range, worker)) } }
    let ranges = calls.withLock { $0.map(\.0).sorted { $0.lowerBound < $1.lowerBound } }
    #expect(ranges == [0..<4, 4..<8, 8..<10])
    #expect(calls.withLock { $0.allSatisfy { (0..<3).contains($0.1) } })
  }

  @Test func loopInsideALoopRunsInline() {
    let pool = ThreadPool(threads: 2)
    let visits = Visits(20)
    pool.parallel(2) { outer in
      for part in outer {
        pool.parallel(10) { inner in
          visits.visit(inner.lowerBound + part * 10..<inner.upperBound + part * 10)
        }
      }
    }
    #expect(visits.all == Array(repeating: 1, count: 20))
  }

  @Test func manySmallLoopsLoseNothing() {
    let pool = ThreadPool(threads: 4)
    let total = Atomic<Int>(0)
    for _ in 0..<5_000 {
      pool.dynamic(4) { range, _ in total.add(range.count, ordering: .relaxed) }
    }
    #expect(total.load(ordering: .relaxed) == 20_000)
  }

  @Test func loopsAfterAPauseWakeTheThreads() async throws {
    let pool = ThreadPool(threads: 3)
    for _ in 0..<5 {
      let arrived = Atomic<Int>(0)
      // Ends only when three threads are inside at once.
      pool.parallel(3) { range in
        arrived.add(range.count, ordering: .relaxed)
        while arrived.load(ordering: .relaxed) < 3 { sched_yield() }
      }
      #expect(arrived.load(ordering: .relaxed) == 3)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test func everyPartRunsOnceWhoeverComesInTime() {
    let pool = ThreadPool(threads: 2)
    let ranges = Mutex<[Range<Int>]>([])
    for _ in 0..<2_000 {
      pool.parallel(2) { range in ranges.withLock { $0.append(range) } }
    }
    let all = ranges.withLock { $0 }
    #expect(all.count == 4_000)
    #expect(all.count { $0 == 0..<1 } == 2_000 && all.count { $0 == 1..<2 } == 2_000)
  }
}
