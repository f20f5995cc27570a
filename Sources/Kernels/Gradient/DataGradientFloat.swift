/// The gradient of the input of a convolution of NHWC images.
package struct ConvolutionDataGradient: Sendable {
  private enum Method: Sendable {
    /// Every pixel by itself: a matrix product with the weights as they are.
    case product(MatMulFloat)
    /// The turned kernel over the gradient, with zeros between pixels that lie a stride apart.
    case depthwise(DepthwiseFloat, turned: PackedFloats, spread: Spread?)
    /// The turned kernel over the gradient, channels mixed.
    case turned(ConvolutionFloat)
    case transposed(ConvolutionTransposeFloat)
  }

  /// Pixels with zeros between them.
  private struct Spread: Sendable {
    var height: Int
    var width: Int
  }

  package let geometry: ConvolutionGeometry
  private let batch: Int
  private let method: Method

  package init(geometry: ConvolutionGeometry, batch: Int, isa: InstructionSet = .best) {
    self.geometry = geometry
    self.batch = batch
    let farTop = (geometry.kernelHeight - 1) * geometry.dilationHeight
    let farLeft = (geometry.kernelWidth - 1) * geometry.dilationWidth
    if geometry.isPointwise && geometry.groups == 1 {
      method = .product(
        MatMulFloat(
          rows: batch * geometry.inputHeight * geometry.inputWidth,
          depth: geometry.outputChannels, columns: geometry.inputChannels, isa: isa))
      return
    }
    let fits =
      max(geometry.padTop, geometry.padBottom) <= farTop
      && max(geometry.padLeft, geometry.padRight) <= farLeft
    let isSpread = geometry.strideHeight > 1 || geometry.strideWidth > 1
    let isDepthwise = geometry.isDepthwise && geometry.groups > 1
    if fits, isDepthwise || !isSpread {
      let spread = Spread(
        height: (geometry.outputHeight - 1) * geometry.strideHeight + 1,
        width: (geometry.outputWidth - 1) * geometry.strideWidth + 1)
      let turned = ConvolutionGeometry(
        inputHeight: spread.height, inputWidth: spread.width,
        inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels,
        kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth,
        dilationHeight: geometry.dilationHeight, dilationWidth: geometry.dilationWidth,
        padTop: farTop - geometry.padTop, padLeft: farLeft - geometry.padLeft,
        padBottom: geometry.inputHeight - spread.height + geometry.padTop,
        padRight: geometry.inputWidth - spread.width + geometry.padLeft,
        groups: geometry.groups)
      method =
        isDepthwise
        ? .depthwise(
          DepthwiseFloat(geometry: turned, activation: .none, isa: isa),
          turned: PackedFloats(count: geometry.weightCount), spread: isSpread ? spread : nil)
        : .turned(ConvolutionFloat(unfilled: turned, isa: isa))
    } else {
      method = .transposed(
        ConvolutionTransposeFloat(unfilled: Self.transposed(geometry), isa: isa))
    }
  }

  /// The transposed convolution that takes output gradients to input gradients.
  private static func transposed(_ geometry: ConvolutionGeometry) -> ConvolutionTransposeGeometry {
    var result = ConvolutionTransposeGeometry(
      inputHeight: geometry.outputHeight, inputWidth: geometry.outputWidth,
      inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels,
      kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth,
      strideHeight: geometry.strideHeight, strideWidth: geometry.strideWidth,
      dilationHeight: geometry.dilationHeight, dilationWidth: geometry.dilationWidth,
      padTop: geometry.padTop, padLeft: geometry.padLeft, padBottom: geometry.padBottom,
      padRight: geometry.padRight, groups: geometry.groups)
    // Rows and columns that no window reached.
    result.outputPaddingHeight = geometry.inputHeight - result.outputHeight
    result.outputPaddingWidth = geometry.inputWidth - result.outputWidth
    return result
  }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int {
    switch method {
    case .product(let product): product.scratchByteCount(threads: threads)
    case .depthwise(let depthwise, _, let spread):
      threads * depthwise.byteCount
        + (spread.map { batch * $0.height * $0.width * geometry.outputChannels * 4 } ?? 0)
    case .turned(let turned): turned.scratchByteCount(threads: threads)
    case .transposed(let transposed): transposed.scratchByteCount(threads: threads)
    }
  }

  /// - `outputGradient`: `[batch, outputHeight, outputWidth, outputChannels]`.
  /// - `weights`: `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `gradient`: `[batch, inputHeight, inputWidth, inputChannels]`.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    switch method {
    case .product(let product):
      product.run(outputGradient, weights, into: gradient, scratch: scratch, pool: pool)
    case .depthwise(let depthwise, let turned, let spread):
      let taps = geometry.kernelHeight * geometry.kernelWidth
      for channel in 0..<geometry.outputChannels {
        for tap in 0..<taps {
          turned.base[channel * taps + tap] = weights[channel * taps + taps - 1 - tap]
        }
      }
      depthwise.fill(weights: turned.base, bias: nil)
      let memory = scratch + pool.threadCount * depthwise.byteCount
      let source = spread.map { spreadOut(outputGradient, $0, into: memory, pool: pool) }
      depthwise.run(
        source ?? outputGradient, addend: nil, into: gradient, batch: batch, scratch: scratch,
        pool: pool)
    case .turned(let turned):
      turned.fill(turned: weights)
      turned.run(outputGradient, into: gradient, batch: batch, scratch: scratch, pool: pool)
    case .transposed(let transposed):
      transposed.fill(weights: weights, bias: nil)
      transposed.run(outputGradient, into: gradient, batch: batch, scratch: scratch, pool: pool)
    }
  }

  private func spreadOut(
    _ values: UnsafePointer<Float>, _ spread: Spread, into memory: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) -> UnsafePointer<Float> {
    let channels = geometry.outputChannels
    let result = memory.assumingMemoryBound(to: Float.self)
    let line = spread.width * channels
    pool.parallel(batch * spread.height, grain: max(1, 16_384 / line)) { rows in
      for row in rows {
        let place = result + row * line
        place.update(repeating: 0, count: line)
        let (image, y) = (row / spread.height, row % spread.height)
        guard y % geometry.strideHeight == 0 else { continue }
        var source =
          values + (image * geometry.outputHeight + y / geometry.strideHeight)
          * geometry.outputWidth * channels
        for x in 0..<geometry.outputWidth {
          (place + x * geometry.strideWidth * channels).update(from: source, count: channels)
          source += channels
        }
      }
    }
    return UnsafePointer(result)
  }
}
