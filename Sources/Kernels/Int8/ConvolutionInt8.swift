/// A convolution of uint8 codes, NHWC, with int8 weights; exact, and requantized as it is stored.
///
/// Padding contributes the input zero point, which is real zero.
package struct ConvolutionInt8: Sendable {
  package let geometry: ConvolutionGeometry
  private let body: any ConvolutionBodyInt8

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
      body = DepthwiseConvolutionInt8(
        geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
        requantization: requantization, isa: isa)
    } else if WinogradInt8.pays(geometry, isa: isa),
      WinogradInt8.holds(
        weightRows: gathered, depth: geometry.weightCount / geometry.outputChannels,
        requantization: requantization)
    {
      body = WinogradInt8(
        geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
        requantization: requantization, isa: isa)
    } else if StripConvolutionInt8.pays(geometry, isa: isa) {
      body = StripConvolutionInt8(
        geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
        requantization: requantization, isa: isa)
    } else {
      body = GatheredConvolutionInt8(
        geometry: geometry, weightRows: gathered, inputMaximum: inputMaximum,
        requantization: requantization, isa: isa)
    }
  }

  /// The instructions that run.
  package var kernelName: String { body.kernelName }

  /// Bytes of the weights that a run reads.
  package var weightByteCount: Int { body.weightByteCount }

  /// Products that are added in 16 bits before a sum widens, on average; `nil` where sums have 32
  /// bits at once.
  package var safeRun: Double? { body.safeRun }

  /// The share of 16-bit pair sums that no input can saturate.
  package var provenSafeShare: Double { body.provenSafeShare }

  /// Bytes of scratch that `run` and `runAccumulators` need.
  package func scratchByteCount(batch: Int, threads: Int) -> Int {
    body.scratchByteCount(batch: batch, threads: threads)
  }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`; does not overlap the input.
  package func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard geometry.outputCount > 0 else { return }
    body.run(input, output, batch: batch, scratch: scratch, pool: pool)
  }

  /// `sum of (x - zeroPoint) * w`, without bias, for a zero point that is known at run time only.
  package func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard geometry.outputCount > 0 else { return }
    body.runAccumulators(
      input, zeroPoint: zeroPoint, output, batch: batch, scratch: scratch, pool: pool)
  }

  /// How many pair sums an unguarded kernel would have saturated on this input.
  ///
  /// Pairs are neighbours in the order kernel row, kernel column, input channel.
  package func saturation(_ input: UnsafePointer<UInt8>, batch: Int) -> SaturationCount {
    guard geometry.outputCount > 0 else { return SaturationCount(pairs: 0, saturated: 0) }
    let window = WindowGather(geometry: geometry)
    let (saturating, zeroPoint) = (body.saturating, body.inputZeroPoint)
    return saturating.count(rows: batch * window.pixels) { group, range, copy in
      window.gather(
        input, group: group, rows: range, pad: zeroPoint, to: copy,
        stride: saturating.rowStride)
    }
  }

  /// What an unguarded kernel would have given, into `output`.
  package func runSaturating(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int
  ) -> SaturationCount {
    guard geometry.outputCount > 0 else { return SaturationCount(pairs: 0, saturated: 0) }
    let window = WindowGather(geometry: geometry)
    let (saturating, pad) = (body.saturating, body.inputZeroPoint)
    return saturating.run(
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
          input, group: group, rows: range, pad: pad, to: copy,
          stride: saturating.rowStride)
      })
  }
}

/// One of the ways to compute a convolution; parameters as those of `ConvolutionInt8`.
protocol ConvolutionBodyInt8: Sendable {
  var kernelName: String { get }
  var weightByteCount: Int { get }
  var safeRun: Double? { get }
  var provenSafeShare: Double { get }
  var inputZeroPoint: UInt8 { get }
  /// Its pairs are in the order of copied windows.
  var saturating: SaturationInt8 { get }

  func scratchByteCount(batch: Int, threads: Int) -> Int
  func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool)
  func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool)
}
