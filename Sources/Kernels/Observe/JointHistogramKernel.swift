internal import CKernels

/// Counts values into a histogram between two reals and into one of magnitudes at once.
///
/// Bins are those of ``RangeHistogramKernel`` and ``MagnitudeHistogramKernel``, 2048 of each. One
/// instance serves one caller at a time: it keeps tables between calls.
///
/// `@unchecked`: the tables are only touched by the thread that calls ``count`` and by the parts of
/// that call, each of which has its own.
package final class JointHistogramKernel: @unchecked Sendable {
  package static let bins = kern_joint_bins
  private static let tableSize = kern_joint_table

  private let isa: InstructionSet
  private let pool: ThreadPool
  /// One per thread, all zero between calls.
  private let tables: UnsafeMutablePointer<UInt32>

  package init(isa: InstructionSet = .best, pool: ThreadPool) {
    self.isa = isa
    self.pool = pool
    let count = Self.tableSize * pool.threadCount
    tables = .allocate(capacity: count)
    tables.initialize(repeating: 0, count: count)
  }

  deinit { tables.deallocate() }

  /// Adds `count` values to both histograms.
  ///
  /// What is not finite is left out.
  ///
  /// - Precondition: finite values lie between `lower` and `upper`, and below `bins / inverseWidth`
  ///   in magnitude; `lower < upper`, and `bins * (upper - lower)` is finite; `inverseWidth` is a
  ///   power of two, and its reciprocal normal; there are less than 2^32 values.
  package func count(
    _ values: UnsafePointer<Float>, count: Int, lower: Float, upper: Float, inverseWidth: Float,
    range: UnsafeMutablePointer<UInt32>, magnitude: UnsafeMutablePointer<UInt32>
  ) {
    precondition(count < 1 << 32, "\(count) values overflow the counters")
    var histogram = kern_joint_histogram(lower: lower, upper: upper, scale: inverseWidth)
    let kernel = kern_count_joint_f32_for(isa.kernelIsa)
    let parts = max(1, min(pool.threadCount, count / ObserveKernels.grain))
    withUnsafePointer(to: &histogram) { histogram in
      pool.parallel(parts) { partRange in
        for part in partRange {
          let first = count * part / parts
          kernel(
            values + first, count * (part + 1) / parts - first, histogram,
            tables + part * Self.tableSize)
        }
      }
    }
    kern_fold_joint_f32(&histogram, tables, parts, range, magnitude)
  }
}
