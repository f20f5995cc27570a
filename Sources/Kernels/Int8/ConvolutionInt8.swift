/// A convolution of uint8 codes, NHWC, with int8 weights; exact, and requantized as it is stored.
///
/// Padding contributes the input zero point, which is real zero.
package struct ConvolutionInt8: Sendable {
  package let geometry: ConvolutionGeometry
  private let body: Body

  private enum Body: Sendable {
    case strips(StripConvolutionInt8)
    case product(GatheredConvolutionInt8)
    case depthwise(DepthwiseConvolutionInt8)
  }

  /// - `weights`: `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `inputMaximum`: the largest code that the input can hold: 127 for a reduced range.
  package init(
    geometry: ConvolutionGeometry, weights: [Int8], inputMaximum: UInt8 = 255,
    requantization: Requantization, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == geometry.weightCount,
      "\(weights.count) weights, the geometry has \(geometry.weightCount)")
    requantization.check(channels: geometry.outputChannels)
    self.geometry = geometry
    let gathered = GatheredConvolutionInt8.weightRows(weights, geometry: geometry)
    if geometry.isDepthwise {
      body = .depthwise(
        DepthwiseConvolutionInt8(
          geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
          requantization: requantization, isa: isa))
    } else if StripConvolutionInt8.pays(geometry, isa: isa) {
      body = .strips(
        StripConvolutionInt8(
          geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
          requantization: requantization, isa: isa))
    } else {
      body = .product(
        GatheredConvolutionInt8(
          geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
          requantization: requantization, isa: isa))
    }
  }

  /// The instructions that run.
  package var kernelName: String {
    switch body {
    case .strips(let convolution): convolution.kernelName
    case .product(let convolution): convolution.kernelName
    case .depthwise(let convolution): convolution.kernelName
    }
  }

  /// The share of 16-bit pair sums that no input can saturate.
  package var provenSafeShare: Double {
    switch body {
    case .strips(let convolution): convolution.provenSafeShare
    case .product(let convolution): convolution.provenSafeShare
    case .depthwise(let convolution): convolution.provenSafeShare
    }
  }

  /// Quads of depth whose 16-bit sums are added before they are widened, on average; nil where no
  /// sum has 16 bits, and for depthwise convolutions, which name what they add.
  package var safeRun: Double? {
    guard case .product(let convolution) = body else { return nil }
    return convolution.safeRun
  }

  /// Bytes of scratch that `run` and `runAccumulators` need.
  package func scratchByteCount(batch: Int, threads: Int) -> Int {
    switch body {
    case .strips(let convolution): convolution.scratchByteCount(threads: threads)
    case .product(let convolution): convolution.scratchByteCount(threads: threads)
    case .depthwise(let convolution):
      convolution.scratchByteCount(batch: batch, threads: threads)
    }
  }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`; does not overlap the input.
  package func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard geometry.outputCount > 0 else { return }
    switch body {
    case .strips(let convolution):
      convolution.run(input, output, batch: batch, scratch: scratch, pool: pool)
    case .product(let convolution):
      convolution.run(input, output, batch: batch, scratch: scratch, pool: pool)
    case .depthwise(let convolution):
      convolution.run(input, output, batch: batch, scratch: scratch, pool: pool)
    }
  }

  /// `sum of (x - zeroPoint) * w`, without bias, for a zero point that is known at run time only.
  package func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard geometry.outputCount > 0 else { return }
    switch body {
    case .strips(let convolution):
      convolution.runAccumulators(
        input, zeroPoint: zeroPoint, output, batch: batch, scratch: scratch, pool: pool)
    case .product(let convolution):
      convolution.runAccumulators(
        input, zeroPoint: zeroPoint, output, batch: batch, scratch: scratch, pool: pool)
    case .depthwise(let convolution):
      convolution.runAccumulators(
        input, zeroPoint: zeroPoint, output, batch: batch, scratch: scratch, pool: pool)
    }
  }

  /// How many pair sums an unguarded kernel would have saturated on this input.
  ///
  /// Pairs are neighbours in the order kernel row, kernel column, input channel.
  package func saturation(_ input: UnsafePointer<UInt8>, batch: Int) -> SaturationCount {
    guard geometry.outputCount > 0 else { return SaturationCount(pairs: 0, saturated: 0) }
    let window = WindowGather(geometry: geometry)
    let zeroPoint = saturating.inputZeroPoint
    return saturating.table.count(rows: batch * window.pixels) { group, range, copy in
      window.gather(
        input, group: group, rows: range, pad: zeroPoint, to: copy,
        stride: saturating.table.rowStride)
    }
  }

  /// What an unguarded kernel would have given, into `output`.
  package func runSaturating(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int
  ) -> SaturationCount {
    guard geometry.outputCount > 0 else { return SaturationCount(pairs: 0, saturated: 0) }
    let window = WindowGather(geometry: geometry)
    let saturating = saturating
    return saturating.table.run(
      rows: batch * window.pixels, output: output,
      accumulate: { accumulators, zeroPoint in
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: scratchByteCount(batch: batch, threads: 1), alignment: 64)
        defer { scratch.deallocate() }
        runAccumulators(
          input, zeroPoint: zeroPoint, accumulators, batch: batch, scratch: scratch,
          pool: ThreadPool(threads: 1))
      },
      gather: { group, range, copy in
        window.gather(
          input, group: group, rows: range, pad: saturating.inputZeroPoint, to: copy,
          stride: saturating.table.rowStride)
      })
  }

  private var saturating: (table: SaturationInt8, inputZeroPoint: UInt8) {
    switch body {
    case .strips(let convolution): (convolution.saturating, convolution.inputZeroPoint)
    case .product(let convolution): (convolution.saturating, convolution.inputZeroPoint)
    case .depthwise(let convolution): (convolution.saturating, convolution.inputZeroPoint)
    }
  }
}
