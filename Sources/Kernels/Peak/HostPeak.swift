internal import CKernels

/// The most that this host's registers, caches and memory allow: the yardstick for kernels.
package struct HostPeak: Hashable, Sendable, Codable {
  /// Giga multiply-accumulates a second in fp32.
  package let float32: Double
  /// The same for u8 × s8 with 32-bit sums.
  package let int8: Double
  /// The same with 16-bit sums, which widen after every eight additions.
  package let int8Narrow: Double
  /// Beyond the last cache, or as far beyond it as is worth the time.
  package let memory: Bandwidth
  /// Inside the second-level cache of each thread.
  package let cache: Bandwidth
  /// Inside the last cache, beyond the second level; `nil` where that is the last.
  package let lastCache: Bandwidth?

  package init(
    float32: Double, int8: Double, int8Narrow: Double, memory: Bandwidth, cache: Bandwidth,
    lastCache: Bandwidth? = nil
  ) {
    self.float32 = float32
    self.int8 = int8
    self.int8Narrow = int8Narrow
    self.memory = memory
    self.cache = cache
    self.lastCache = lastCache
  }

  /// Takes the best of several short measurements on every thread; less than a second.
  package static func measure(threads: Int = 1, instructionSet: InstructionSet = .best) -> HostPeak
  {
    guard let table = kern_peak_table_for(instructionSet.kernelIsa) else {
      preconditionFailure("\(instructionSet) is not available here")
    }
    let pool = ThreadPool(threads: threads)
    let float32 = table.pointee.f32
    let int8 = table.pointee.u8s8
    let narrow = table.pointee.u8s8_narrow
    let (second, last) = (Int(kern_cache_bytes(2)), Int(kern_cache_bytes(3)))
    let streams = StreamTimer(table.pointee, pool)
    return HostPeak(
      float32: best(pool) { macs in _ = float32(150_000, macs) },
      int8: best(pool) { macs in _ = int8(80_000, macs) },
      int8Narrow: best(pool) { macs in _ = narrow(20_000, macs) },
      memory: streams.bandwidth(
        byteCount: min(max(2 * last / threads, 64 << 20), 256 << 20), passes: 1, rounds: 4),
      cache: streams.bandwidth(
        byteCount: max(second / 2, 128 << 10), passes: 64, rounds: 8),
      lastCache: last / threads < 3 * second
        ? nil
        : streams.bandwidth(
          byteCount: min(last / (2 * threads), 4 * second), passes: 4, rounds: 8))
  }

  private static func best(
    _ pool: ThreadPool, _ body: (UnsafeMutablePointer<UInt64>) -> Void
  ) -> Double {
    var best = 0.0
    for _ in 0..<30 {
      let start = ContinuousClock.now
      var macs: UInt64 = 0
      withUnsafeMutablePointer(to: &macs) { shared in
        onEveryThread(pool, shared, body)
      }
      let time = (ContinuousClock.now - start) / .seconds(1)
      if time > 0 { best = max(best, Double(macs) * Double(pool.threadCount) / time * 1e-9) }
    }
    return best
  }

  /// Every thread does the same work; one of them reports how much it was.
  private static func onEveryThread(
    _ pool: ThreadPool, _ macs: UnsafeMutablePointer<UInt64>,
    _ body: (UnsafeMutablePointer<UInt64>) -> Void
  ) {
    pool.parallel(pool.threadCount) { range in
      for worker in range {
        var done: UInt64 = 0
        body(&done)
        if worker == 0 { macs.pointee = done }
      }
    }
  }
}
