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

  /// What one thread has done.
  private struct Share {
    /// Whether all that it saw lies in the range.
    var isInside = true
    /// Whether its table holds anything.
    var hasCounted = false
  }

  /// Both histograms that values are counted into.
  ///
  /// `lower < upper`, and `bins * (upper - lower)` is finite; `inverseWidth` is a power of two, and
  /// its reciprocal normal.
  package struct Bins {
    fileprivate let geometry: kern_joint_histogram
    private let range: UnsafeMutablePointer<UInt32>
    private let magnitude: UnsafeMutablePointer<UInt32>

    package init(
      lower: Float, upper: Float, range: UnsafeMutablePointer<UInt32>, inverseWidth: Float,
      magnitude: UnsafeMutablePointer<UInt32>
    ) {
      geometry = kern_joint_histogram(lower: lower, upper: upper, scale: inverseWidth)
      self.range = range
      self.magnitude = magnitude
    }

    fileprivate func add(_ tables: UnsafeMutablePointer<UInt32>, count: Int, isa: InstructionSet) {
      withUnsafePointer(to: geometry) {
        kern_fold_joint_f32_for(isa.kernelIsa)($0, tables, count, range, magnitude)
      }
    }
  }

  /// Adds `count` values to both histograms.
  ///
  /// What is not finite is left out.
  ///
  /// - Precondition: finite values lie between `lower` and `upper`, and below `bins / inverseWidth`
  ///   in magnitude; there are less than 2^32 values.
  package func count(_ values: UnsafePointer<Float>, count: Int, bins: Bins) {
    precondition(count < 1 << 32, "\(count) values overflow the counters")
    let kernel = kern_count_joint_f32_for(isa.kernelIsa)
    let parts = max(1, min(pool.threadCount, count / ObserveKernels.grain))
    withUnsafePointer(to: bins.geometry) { geometry in
      pool.parallel(parts) { partRange in
        for part in partRange {
          let first = count * part / parts
          kernel(
            values + first, count * (part + 1) / parts - first, geometry,
            tables + part * Self.tableSize)
        }
      }
    }
    bins.add(tables, count: parts, isa: isa)
  }

  /// Summarizes channels-last values `[rows, channels]` and counts each piece while the cache still
  /// holds it, as long as all of them lie between `lower` and `upper`; otherwise counts nothing.
  ///
  /// See ``ObserveKernels/channelSummary(_:rows:channels:minima:maxima:pool:afterPiece:)`` for the
  /// rest.
  package func count(
    _ values: UnsafePointer<Float>, rows: Int, channels: Int,
    minima: UnsafeMutablePointer<Float>, maxima: UnsafeMutablePointer<Float>, bins: Bins,
    using kernels: ObserveKernels
  ) -> (moments: ValueMoments, nonFiniteCount: Int, isCounted: Bool) {
    precondition(rows * channels < 1 << 32, "\(rows * channels) values overflow the counters")
    let kernel = kern_count_joint_f32_for(isa.kernelIsa)
    let (lower, upper) = (bins.geometry.lower, bins.geometry.upper)
    return withUnsafeTemporaryAllocation(of: Share.self, capacity: pool.threadCount) { shares in
      shares.initialize(repeating: Share())
      let (moments, nonFiniteCount) = withUnsafePointer(to: bins.geometry) { geometry in
        kernels.channelSummary(
          values, rows: rows, channels: channels, minima: minima, maxima: maxima, pool: pool
        ) { piece in
          guard shares[piece.part].isInside else { return }
          for channel in 0..<channels
          where piece.minima[channel] < lower || piece.maxima[channel] > upper {
            shares[piece.part].isInside = false
            return
          }
          shares[piece.part].hasCounted = true
          kernel(
            piece.values, piece.count, geometry, self.tables + piece.part * Self.tableSize)
        }
      }
      let isCounted = shares.allSatisfy(\.isInside)
      if isCounted {
        // Tables behind the last one that holds something are zero.
        let used = shares.lastIndex(where: \.hasCounted).map { $0 + 1 } ?? 0
        if used > 0 { bins.add(tables, count: used, isa: isa) }
      } else {
        tables.update(repeating: 0, count: Self.tableSize * pool.threadCount)
      }
      return (moments, nonFiniteCount, isCounted)
    }
  }
}
