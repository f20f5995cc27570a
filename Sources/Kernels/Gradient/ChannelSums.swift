internal import CKernels

/// Sums over the rows of `[rows, channels]`, and maps of every channel: what biases and batch
/// normalizations need.
///
/// Rows are summed in float32 in blocks of 128, and blocks in float64, in an order that depends on
/// the number of threads only.
package struct ChannelSums: Sendable {
  package let rows: Int
  package let channels: Int
  private let isa: InstructionSet
  private static let block = 128

  package init(rows: Int, channels: Int, isa: InstructionSet) {
    self.rows = rows
    self.channels = channels
    self.isa = isa
  }

  /// Bytes of scratch memory for so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    threads * 2 * channels * (MemoryLayout<Double>.stride + MemoryLayout<Float>.stride)
  }

  /// The sum of every channel, times `factor`.
  package func sum(
    _ values: UnsafePointer<Float>, times factor: Double = 1,
    into sums: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.channel_sum
    add(scratch, pool) { first, count, block in
      kernel(values + first * channels, count, channels, block)
    }
    let totals = scratch.assumingMemoryBound(to: Double.self)
    for channel in 0..<channels { sums[channel] = Float(totals[channel] * factor) }
  }

  /// The mean square distance from `means`, channel by channel.
  package func variance(
    _ values: UnsafePointer<Float>, around means: UnsafePointer<Float>,
    into variances: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.channel_squares
    add(scratch, pool) { first, count, block in
      kernel(values + first * channels, means, count, channels, block)
    }
    let totals = scratch.assumingMemoryBound(to: Double.self)
    for channel in 0..<channels { variances[channel] = Float(totals[channel] / Double(rows)) }
  }

  /// `sums = sum of gradient`, `products = sum of gradient * (value - mean)`.
  package func products(
    gradient: UnsafePointer<Float>, values: UnsafePointer<Float>, means: UnsafePointer<Float>,
    sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.channel_products
    add(scratch, pool) { first, count, block in
      let place = first * channels
      kernel(
        gradient + place, values + place, means, count, channels, block, block + channels)
    }
    let totals = scratch.assumingMemoryBound(to: Double.self)
    for channel in 0..<channels {
      sums[channel] = Float(totals[channel])
      products[channel] = Float(totals[channels + channel])
    }
  }

  /// `output = a[c] * x + b[c] * z + offset[c]`; `output` may be `x` or `z`.
  package func affine(
    _ a: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ b: UnsafePointer<Float>? = nil,
    _ z: UnsafePointer<Float>? = nil, offset: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, pool: ThreadPool
  ) {
    let kernel = isa.gradientKernels.channel_affine
    pool.parallel(rows, grain: max(1, 16_384 / max(channels, 1))) { range in
      let place = range.lowerBound * channels
      kernel(
        a, x + place, b, z.map { $0 + place }, offset, range.count, channels, output + place)
    }
  }

  /// Leaves the sums of both halves of a block in the first `2 * channels` doubles of `scratch`.
  private func add(
    _ scratch: UnsafeMutableRawPointer, _ pool: ThreadPool,
    _ kernel: (_ first: Int, _ count: Int, _ block: UnsafeMutablePointer<Float>) -> Void
  ) {
    let threads = pool.threadCount
    let width = 2 * channels
    let totals = scratch.assumingMemoryBound(to: Double.self)
    let blocks = (totals + threads * width).withMemoryRebound(
      to: Float.self, capacity: threads * width
    ) { $0 }
    let parts = max(1, min(threads, rows * channels / 16_384))
    pool.parallel(parts) { range in
      for part in range {
        let total = totals + part * width
        let block = blocks + part * width
        total.update(repeating: 0, count: width)
        let end = rows * (part + 1) / parts
        for first in stride(from: rows * part / parts, to: end, by: Self.block) {
          block.update(repeating: 0, count: width)
          kernel(first, min(Self.block, end - first), block)
          for index in 0..<width { total[index] += Double(block[index]) }
        }
      }
    }
    for part in 1..<max(parts, 1) {
      for index in 0..<width { totals[index] += totals[part * width + index] }
    }
  }
}
