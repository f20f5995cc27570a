import CAllocations
import Glibc
import Graphs
import Synchronization
import Tensors
import Testing

@testable import Execution
@testable import Kernels

/// What a run takes from the system once its plan stands.
@Suite struct AllocationTests {
  @Test func theAllocatorIsCounted() {
    allocations_start()
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 64)
    let array = [UInt8](repeating: 1, count: Int.random(in: 1000...2000))
    let count = allocations_stop()
    memory.deallocate()
    #expect(count >= 2, "of an array of \(array.count) and a piece of memory")
  }

  @Test func theThreadsOfAPoolAreCounted() {
    let pool = ThreadPool(threads: 2)
    pool.startCounting()
    pool.parallel(2) { range in
      for _ in range { UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64).deallocate() }
    }
    // Whoever of the two did it.
    #expect(pool.stopCounting() == 2)
  }

  @Test(arguments: [1, 2])
  func loopsOfAPoolAllocateNothing(threads: Int) {
    let pool = ThreadPool(threads: threads)
    let sum = Atomic<Int>(0)
    pool.startCounting()
    for _ in 0..<100 {
      pool.parallel(64) { range in sum.add(range.count, ordering: .relaxed) }
      pool.dynamic(64, chunk: 4) { range, worker in sum.add(range.count, ordering: .relaxed) }
    }
    #expect(pool.stopCounting() == 0)
    #expect(sum.load(ordering: .relaxed) == 100 * 2 * 64)
  }

  @Test(arguments: BoundModel.all)
  func aRunBetweenTensorsThatAreThereAllocatesNothing(model: BoundModel) throws {
    for threads in [1, 2] {
      let executor = try Executor(
        model: model.model, options: ExecutionOptions(mode: model.mode, threads: threads))
      let expected = try executor.run(model.inputs)
      let bound = try #require(try executor.bound(to: model.inputs))
      try bound.run()
      for run in 2...3 {
        executor.pool.startCounting()
        try bound.run()
        let count = executor.pool.stopCounting()
        #expect(count == 0, "\(threads) threads, run \(run)")
      }
      #expect(bound.outputs == expected)
    }
  }

  @Test func aBoundRunReadsWhatWasWrittenLast() throws {
    let model = try #require(BoundModel.all.first)
    let executor = try Executor(model: model.model, options: ExecutionOptions(mode: model.mode))
    let bound = try #require(try executor.bound(to: model.inputs))
    try bound.run()
    let zeros = model.inputs.mapValues { Tensor($0.elementType, shape: $0.shape) }
    // Another plan takes the working memory in between, and more of it.
    let larger = try executor.run(zeros)
    for name in zeros.keys {
      try bound.writeInput(name) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    try bound.run()
    #expect(bound.outputs == larger)
    #expect(throws: ExecutionError.unknownInput(name: "?", known: zeros.keys.sorted())) {
      try bound.writeInput("?") { _ in }
    }
  }
}

extension ThreadPool {
  fileprivate func startCounting() { onEveryThread { allocations_start() } }

  /// What all threads together asked for.
  fileprivate func stopCounting() -> Int {
    let total = Atomic<Int>(0)
    onEveryThread { total.add(Int(allocations_stop()), ordering: .relaxed) }
    return total.load(ordering: .relaxed)
  }

  /// Holds each thread until all are there, so that none does another's part.
  private func onEveryThread(_ body: () -> Void) {
    let arrived = Atomic<Int>(0)
    parallel(threadCount) { _ in
      body()
      arrived.add(1, ordering: .relaxed)
      while arrived.load(ordering: .relaxed) < threadCount { sched_yield() }
    }
  }
}
