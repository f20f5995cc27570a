internal import CKernels

/// The gradient of the weights of a convolution of NHWC images.
package struct ConvolutionWeightGradient: Sendable {
  private enum Method: Sendable {
    case depthwise(DepthwiseGradientFloat)
    case product(TransposedProductFloat, zeros: PackedFloats)
  }

  package let geometry: ConvolutionGeometry
  private let method: Method
  private let isa: InstructionSet

  package init(geometry: ConvolutionGeometry, isa: InstructionSet = .best) {
    self.geometry = geometry
    self.isa = isa
    if geometry.isDepthwise && geometry.groups > 1 {
      method = .depthwise(DepthwiseGradientFloat(geometry: geometry, isa: isa))
      return
    }
    let columns =
      geometry.kernelHeight * geometry.kernelWidth * geometry.inputChannelsPerGroup
    method = .product(
      TransposedProductFloat(
        rows: geometry.outputChannelsPerGroup, columns: columns,
        tableByteCount: { depth in
          geometry.isPointwise
            ? depth * 8 : WindowRows(geometry, mostRows: depth).byteCount
        }, isa: isa),
      zeros: PackedFloats(count: geometry.kernelWidth * geometry.inputChannelsPerGroup))
  }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    switch method {
    case .depthwise(let depthwise): depthwise.scratchByteCount(threads: threads)
    case .product(let product, _):
      product.scratchByteCount(threads: threads)
        + roundedUp(product.rows * product.columns * 4, to: 64)
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
    case .product(let product, let zeros):
      for group in 0..<geometry.groups {
        runGroup(
          group, product, zeros, input: input + group * geometry.inputChannelsPerGroup,
          outputGradient: outputGradient + group * geometry.outputChannelsPerGroup,
          into: gradient + group * product.rows * product.columns, batch: batch,
          scratch: scratch, pool: pool)
      }
    }
  }

  private func runGroup(
    _ group: Int, _ product: TransposedProductFloat, _ zeros: PackedFloats,
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let channels = geometry.inputChannelsPerGroup
    let pixels = geometry.outputHeight * geometry.outputWidth
    let memory = scratch + roundedUp(product.rows * product.columns * 4, to: 64)
    let result = taps == 1 ? gradient : scratch.assumingMemoryBound(to: Float.self)
    if geometry.isPointwise {
      let depth = batch * pixels
      product.run(
        depth: depth, left: outputGradient, leftStride: geometry.outputChannels, right: input,
        rightStride: geometry.inputChannels, into: result, scratch: memory, pool: pool)
    } else {
      let windows = WindowRows(geometry, mostRows: product.blockDepth)
      let geometry = geometry
      let perImage = (pixels + product.blockDepth - 1) / product.blockDepth
      product.run(
        blockCount: batch * perImage,
        block: { index in
          let image = index / perImage
          let first = index % perImage * product.blockDepth
          return image * pixels + first..<image * pixels + min(pixels, first + product.blockDepth)
        },
        left: outputGradient, leftStride: geometry.outputChannels,
        right: TransposedProductFloat.Rows { range, memory in
          let image = range.lowerBound / pixels
          return windows.table(
            of: input + image * geometry.inputCount,
            pixels: range.lowerBound - image * pixels..<range.upperBound - image * pixels,
            zeros: UnsafePointer(zeros.base), memory: memory)
        }, into: result, scratch: memory, pool: pool)
    }
    guard taps > 1 else { return }
    // [tap][channel] of every output channel to [channel][tap].
    LayoutFloat.transpose(
      result, into: gradient, batch: product.rows, rows: taps, columns: channels, isa: isa,
      pool: pool)
  }
}

/// The gradient of the right side of a matrix product, `gradient[k, n] = sum over m of
/// input[m, k] * outputGradient[m, n]`.
package struct MatMulWeightGradient: Sendable {
  private let product: TransposedProductFloat

  package init(depth: Int, columns: Int, isa: InstructionSet = .best) {
    product = TransposedProductFloat(
      rows: depth, columns: columns, tableByteCount: { $0 * 8 }, isa: isa)
  }

  package func scratchByteCount(threads: Int) -> Int { product.scratchByteCount(threads: threads) }

  /// - `left`: `[rows, depth]`.
  /// - `right`: `[rows, columns]`.
  /// - `gradient`: `[depth, columns]`.
  package func run(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, rows: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    product.run(
      depth: rows, left: left, leftStride: product.rows, right: right,
      rightStride: product.columns, into: gradient, scratch: scratch, pool: pool)
  }
}

extension TransposedProductFloat {
  /// The right side as it lies in memory.
  func run(
    depth: Int, left: UnsafePointer<Float>, leftStride: Int, right: UnsafePointer<Float>,
    rightStride: Int, into output: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let columns = columns
    run(
      blockCount: (depth + blockDepth - 1) / blockDepth,
      block: { $0 * blockDepth..<min(depth, ($0 + 1) * blockDepth) }, left: left,
      leftStride: leftStride,
      right: Rows { range, memory in
        let pointers = memory.assumingMemoryBound(to: UnsafePointer<Float>.self)
        for row in range { pointers[row - range.lowerBound] = right + row * rightStride }
        return RowTable(
          pointers: pointers, rowStride: range.count, taps: 1, channels: columns)
      }, into: output, scratch: scratch, pool: pool)
  }
}
