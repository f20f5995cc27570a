internal import CKernels

/// Times passes over memory, each thread over its own.
struct StreamTimer {
  private let table: kern_peak_table
  private let pool: ThreadPool

  init(_ table: kern_peak_table, _ pool: ThreadPool) {
    self.table = table
    self.pool = pool
  }

  /// - Parameter byteCount: that each thread goes through; a copy takes half of it to the other half.
  func bandwidth(byteCount: Int, passes: Int, rounds: Int) -> Bandwidth {
    let size = byteCount / 512 * 512
    let threads = pool.threadCount
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size * threads, alignment: 64)
    defer { memory.deallocate() }
    // Pages are given when they are written for the first time.
    pool.parallel(threads) { range in
      for thread in range { table.write(memory + thread * size, size) }
    }
    func gigabytes(_ body: (UnsafeMutableRawPointer) -> Void) -> Double {
      var best = 0.0
      for _ in 0..<rounds {
        let start = ContinuousClock.now
        pool.parallel(threads) { range in
          for thread in range {
            for _ in 0..<passes { body(memory + thread * size) }
          }
        }
        let time = (ContinuousClock.now - start) / .seconds(1)
        if time > 0 { best = max(best, Double(size * passes * threads) / time * 1e-9) }
      }
      return best
    }
    return Bandwidth(
      byteCount: size, read: gigabytes { _ = table.read($0, size) },
      write: gigabytes { table.write($0, size) },
      copy: gigabytes { table.copy($0, $0 + size / 2, size / 2) })
  }
}
