internal import CKernels

/// The kernels that calibration looks at real values with.
///
/// Results do not depend on the instruction set or on the number of threads.
package struct ObserveKernels: Hashable, Sendable {
  package let isa: InstructionSet

  package init(isa: InstructionSet = .best) { self.isa = isa }

  var table: kern_observe_table { kern_observe_table_for(isa.kernelIsa).pointee }

  /// Values that are worth a thread.
  static let grain = 1 << 15

  /// The extent of `count` values.
  package func extent(
    _ values: UnsafePointer<Float>, count: Int, pool: ThreadPool
  ) -> ValueExtent {
    let kernel = table.extent_f32
    if count < 2 * Self.grain || pool.threadCount == 1 {
      var extent = ValueExtent.nothing
      kernel(values, count, &extent)
      return ValueExtent(extent, count: count)
    }
    return Self.mergingParts(count, pool: pool) { range in
      var extent = ValueExtent.nothing
      kernel(values + range.lowerBound, range.count, &extent)
      return ValueExtent(extent, count: range.count)
    }
  }

  /// The extent of values `[outer, channels, inner]`, and of each channel.
  ///
  /// NCHW is `[N, C, H * W]`, NHWC is `[N * H * W, C, 1]`. `minima` and `maxima` are widened by the
  /// finite values of each channel; start them with infinity and minus infinity.
  package func channelExtents(
    _ values: UnsafePointer<Float>, outer: Int, channels: Int, inner: Int,
    minima: UnsafeMutablePointer<Float>, maxima: UnsafeMutablePointer<Float>, pool: ThreadPool
  ) -> ValueExtent {
    let kernel = table.channel_extents_f32
    let block = channels * inner
    // Threads take channels of their own. Cache lines hold 16, so that they do not share them.
    let groups = inner == 1 ? (channels + 15) / 16 : channels
    let size = inner == 1 ? 16 : 1
    let grain = max(1, Self.grain / max(outer * inner * size, 1))
    return Self.mergingParts(groups, grain: grain, pool: pool) { range in
      let first = range.lowerBound * size
      let count = min(range.upperBound * size, channels) - first
      var extent = ValueExtent.nothing
      var part = kern_channel_values(
        values: values + first * inner, outer: outer, outer_stride: block, channels: count,
        inner: inner)
      kernel(&part, minima + first, maxima + first, &extent)
      return ValueExtent(extent, count: outer * count * inner)
    }
  }

  private static func mergingParts(
    _ count: Int, grain: Int = grain, pool: ThreadPool, _ body: (Range<Int>) -> ValueExtent
  ) -> ValueExtent {
    let parts = max(1, min(pool.threadCount, count / grain))
    return withUnsafeTemporaryAllocation(of: ValueExtent.self, capacity: parts) { extents in
      extents.initialize(repeating: ValueExtent())
      pool.parallel(parts) { range in
        for part in range {
          extents[part] = body(count * part / parts..<count * (part + 1) / parts)
        }
      }
      return extents.reduce(into: ValueExtent()) { $0.merge($1) }
    }
  }
}
