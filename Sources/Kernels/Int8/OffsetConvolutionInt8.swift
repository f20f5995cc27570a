/// `sum of (x - xZero) * (w - wZero)` over windows, in int32, exact, for constant 8-bit weights
/// with any zero points and a zero point of the input that is known at run time only.
package struct OffsetConvolutionInt8: Sendable {
  package let geometry: ConvolutionGeometry
  private let convolution: ConvolutionInt8
  /// Where zero points do not fit int8: the sums of windows, one for each group, and what is
  /// missing from each output channel's weights.
  private let correction: (windows: ConvolutionInt8, offsets: [Int32])?

  package var kernelName: String { convolution.kernelName }

  /// Bytes of the weights that a run reads.
  package var weightByteCount: Int { convolution.weightByteCount }

  /// - `weights`: codes, `[outputChannels, inputChannels / groups, kernelHeight, kernelWidth]`;
  ///   each in -128...255.
  /// - `zeroPoints`: one, or one for each output channel.
  package init(
    geometry: ConvolutionGeometry, weights: [Int16], zeroPoints: [Int16],
    isa: InstructionSet = .best
  ) {
    precondition(
      zeroPoints.count == 1 || zeroPoints.count == geometry.outputChannels,
      "\(zeroPoints.count) zero points for \(geometry.outputChannels) channels")
    self.geometry = geometry
    let depth = max(weights.count / geometry.outputChannels, 1)
    let shifted = ShiftedWeights(weights, zeroPoints: zeroPoints) { index in index / depth }
    func packed(_ geometry: ConvolutionGeometry, _ weights: [Int8]) -> ConvolutionInt8 {
      ConvolutionInt8(
        geometry: geometry, weights: weights,
        requantization: Requantization(multipliers: [1], inputZeroPoint: 0, outputZeroPoint: 0),
        isa: isa)
    }
    convolution = packed(geometry, shifted.values)
    correction = shifted.offsets.map { offsets in
      var windows = geometry
      windows.outputChannels = geometry.groups
      return (
        packed(windows, [Int8](repeating: 1, count: windows.weightCount)),
        offsets.count == 1
          ? [Int32](repeating: offsets[0], count: geometry.outputChannels) : offsets
      )
    }
  }

  /// Bytes of scratch that `run` needs.
  package func scratchByteCount(batch: Int, threads: Int) -> Int {
    let sums = convolution.scratchByteCount(batch: batch, threads: threads)
    guard let windows = correction?.windows else { return sums }
    return windowByteCount(batch)
      + max(sums, windows.scratchByteCount(batch: batch, threads: threads))
  }

  private func windowByteCount(_ batch: Int) -> Int {
    roundedUp(batch * geometry.outputHeight * geometry.outputWidth * geometry.groups * 4, to: 64)
  }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`; padding has the zero point.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`
  package func run(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard let correction else {
      return convolution.runAccumulators(
        input, zeroPoint: zeroPoint, output, batch: batch, scratch: scratch, pool: pool)
    }
    let windows = scratch.assumingMemoryBound(to: Int32.self)
    let rest = scratch + windowByteCount(batch)
    correction.windows.runAccumulators(
      input, zeroPoint: zeroPoint, windows, batch: batch, scratch: rest, pool: pool)
    convolution.runAccumulators(
      input, zeroPoint: zeroPoint, output, batch: batch, scratch: rest, pool: pool)
    let (groups, channels) = (geometry.groups, geometry.outputChannels)
    let perGroup = geometry.outputChannelsPerGroup
    for pixel in 0..<batch * geometry.outputHeight * geometry.outputWidth {
      let sums = output + pixel * channels
      for channel in 0..<channels {
        let window = windows[pixel * groups + channel / perGroup]
        sums[channel] &+= window &* correction.offsets[channel]
      }
    }
  }
}
