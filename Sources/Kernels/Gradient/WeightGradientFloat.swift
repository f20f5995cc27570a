/// The gradient of the weights of a convolution of NHWC images.
package struct ConvolutionWeightGradient: Sendable {
  private enum Method: Sendable {
    case depthwise(DepthwiseGradientFloat)
    case pixels(MatMulWeightGradient)
    case windows(WindowGradientFloat)
  }

  package let geometry: ConvolutionGeometry
  private let method: Method

  package init(geometry: ConvolutionGeometry, isa: InstructionSet = .best) {
    self.geometry = geometry
    if geometry.isDepthwise && geometry.groups > 1 {
      method = .depthwise(DepthwiseGradientFloat(geometry: geometry, isa: isa))
    } else if geometry.isPointwise && geometry.groups == 1 {
      method = .pixels(
        MatMulWeightGradient(
          depth: geometry.outputChannels, columns: geometry.inputChannels, isa: isa))
    } else {
      method = .windows(WindowGradientFloat(geometry, isa: isa))
    }
  }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    switch method {
    case .depthwise(let depthwise): depthwise.scratchByteCount(threads: threads)
    case .pixels(let product): product.scratchByteCount(threads: threads)
    case .windows(let windows): windows.scratchByteCount(threads: threads)
    }
  }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`.
  /// - `outputGradient`: `[batch, outputHeight, outputWidth, outputChannels]`.
  /// - `gradient`: `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    switch method {
    case .depthwise(let depthwise):
      depthwise.run(
        input: input, outputGradient: outputGradient, into: gradient, batch: batch,
        scratch: scratch, pool: pool)
    case .pixels(let product):
      product.run(
        outputGradient, input, into: gradient,
        rows: batch * geometry.outputHeight * geometry.outputWidth, scratch: scratch, pool: pool)
    case .windows(let windows):
      windows.run(
        input: input, outputGradient: outputGradient, into: gradient, batch: batch,
        scratch: scratch, pool: pool)
    }
  }
}

/// The gradient of the right side of a matrix product, `gradient[k, n] = sum over m of
/// input[m, k] * outputGradient[m, n]`.
package struct MatMulWeightGradient: Sendable {
  private let sums: OuterSumFloat

  /// Numbers of a run that are worth a thread.
  private static let leastRun = 48

  package init(depth: Int, columns: Int, isa: InstructionSet = .best) {
    sums = OuterSumFloat(rows: depth, columns: columns, run: columns, isa: isa)
  }

  package func scratchByteCount(threads: Int) -> Int { threads * sums.byteCount }

  /// - `left`: `[rows, depth]`.
  /// - `right`: `[rows, columns]`.
  /// - `gradient`: `[depth, columns]`.
  package func run(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, rows: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let worth = max(1, min(pool.threadCount, rows * sums.count / (1 << 18)))
    // Shares of the longer side need no sums of their own.
    if sums.runCount >= worth * Self.leastRun {
      let result = sums.isTurned ? scratch.assumingMemoryBound(to: Float.self) : gradient
      let pieces = (sums.runCount + Self.leastRun - 1) / Self.leastRun
      pool.parallel(worth) { parts in
        let run =
          pieces * parts.lowerBound / worth
          * Self.leastRun..<min(sums.runCount, pieces * parts.upperBound / worth * Self.leastRun)
        add(left, right, 0..<rows, run: run, to: result)
      }
      if sums.isTurned { sums.order(result, into: gradient, pool: pool) }
      return
    }
    let parts = min(worth, max(rows, 1))
    pool.parallel(parts) { range in
      for part in range {
        add(
          left, right, rows * part / parts..<rows * (part + 1) / parts, run: 0..<sums.runCount,
          to: (scratch + part * sums.byteCount).assumingMemoryBound(to: Float.self))
      }
    }
    sums.join(parts: parts, scratch, pool: pool)
    sums.order(scratch.assumingMemoryBound(to: Float.self), into: gradient, pool: pool)
  }

  private func add(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ range: Range<Int>,
    run: Range<Int>, to result: UnsafeMutablePointer<Float>
  ) {
    let rows = sums.isTurned ? run : 0..<sums.rows
    let columns = sums.isTurned ? 0..<sums.columns : run
    sums.clear(run: run, of: result)
    for first in stride(from: range.lowerBound, to: range.upperBound, by: blockHeight) {
      sums.add(
        OuterSumFloat.Pixels(
          base: left + first * sums.rows + rows.lowerBound, line: 0, step: sums.rows),
        OuterSumFloat.Pixels(
          base: right + first * sums.columns + columns.lowerBound, line: 0, step: sums.columns),
        lines: 1, count: min(blockHeight, range.upperBound - first), rows: rows, columns: columns,
        to: result)
    }
  }

  /// Rows of both sides that fill a part of the second-level cache.
  private var blockHeight: Int { max(64, 65_536 / max(sums.rows + sums.columns, 1)) }
}
