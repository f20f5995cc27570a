import Testing

@testable import Kernels

/// Convolutions of 3 × 3 taps by transformed tiles: all sums modulo 2³² must come out as the plain
/// ones.
@Suite struct Int8WinogradTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let height, width, inputs, outputs: Int
    var pads = (top: 1, left: 1, bottom: 1, right: 1)
    var batch = 1

    var testDescription: String { "\(batch)x\(height)x\(width), \(inputs) to \(outputs)" }

    var geometry: ConvolutionGeometry {
      ConvolutionGeometry(
        inputHeight: height, inputWidth: width, inputChannels: inputs, outputChannels: outputs,
        kernelHeight: 3, kernelWidth: 3, padTop: pads.top, padLeft: pads.left,
        padBottom: pads.bottom, padRight: pads.right)
    }
  }

  /// Around whole tiles, vectors of channels, panels of columns and groups of two panels.
  static let examples: [Example] = [
    Example(height: 1, width: 1, inputs: 2, outputs: 1),
    Example(height: 4, width: 4, inputs: 16, outputs: 16),
    Example(height: 6, width: 6, inputs: 32, outputs: 32, pads: (0, 0, 0, 0)),
    Example(height: 5, width: 9, inputs: 34, outputs: 17, batch: 2),
    Example(height: 13, width: 3, inputs: 6, outputs: 41, pads: (0, 2, 1, 0)),
    Example(height: 8, width: 7, inputs: 50, outputs: 56, pads: (2, 0, 0, 2)),
    Example(height: 2, width: 17, inputs: 64, outputs: 9, batch: 3),
    Example(height: 3, width: 3, inputs: 8, outputs: 25, pads: (5, 4, 3, 6)),
    Example(height: 30, width: 33, inputs: 4, outputs: 24),
    // Sums of just less than 2^25.
    Example(height: 4, width: 5, inputs: 114, outputs: 16),
  ]

  private func requantization(_ geometry: ConvolutionGeometry, zeroPoint: UInt8) -> Requantization {
    var random = SeededRandom(seed: 11)
    let spread = 1 / Float(300 * 9 * geometry.inputChannels)
    return Requantization(
      multipliers: (0..<geometry.outputChannels).map { _ in
        Float.random(in: 0.2...4, using: &random) * spread
      },
      biases: (0..<geometry.outputChannels).map { _ in
        Int32.random(in: -20_000...20_000, using: &random)
      },
      inputZeroPoint: zeroPoint, outputZeroPoint: 90, low: 2, high: 251,
      table: (0..<256).map { UInt8(255 - $0) })
  }

  @Test(arguments: examples)
  func everyKernelEqualsTheDefinition(_ example: Example) {
    let geometry = example.geometry
    for (seed, values) in Int8Values.allCases.enumerated() {
      let input = values.codes(
        geometry.inputCount * example.batch, maximum: 255, seed: UInt64(seed))
      let weights = values.weights(geometry.weightCount, seed: UInt64(seed) + 1)
      let zeroPoint: UInt8 = 77
      let change = requantization(geometry, zeroPoint: zeroPoint)
      let sums = Int8Reference.accumulators(
        geometry, input: input, weights: weights, zeroPoint: zeroPoint, batch: example.batch)
      let codes = Int8Reference.requantized(sums, change, channels: geometry.outputChannels)
      let rows = GatheredConvolutionInt8.weightRows(weights, geometry: geometry)
      #expect(WinogradInt8.fits(geometry))
      #expect(
        WinogradInt8.holds(
          weightRows: rows, depth: 9 * geometry.inputChannels, requantization: change))
      for isa in InstructionSet.available {
        let convolution = WinogradInt8(
          geometry: geometry, weightRows: rows, inputMaximum: 255, requantization: change, isa: isa)
        for threads in [1, 2, 3] {
          let pool = ThreadPool(threads: threads)
          let bytes = convolution.scratchByteCount(batch: example.batch, threads: threads)
          let scratch = GuardedBuffer<UInt8>(
            count: bytes, flushWith: bytes % 64 == 0 ? .end : .start, repeating: 255)
          let source = GuardedBuffer(input, flushWith: threads == 1 ? .start : .end)
          let result = GuardedBuffer<UInt8>(count: codes.count, repeating: 77)
          convolution.run(
            source.base, result.base, batch: example.batch, scratch: scratch.base, pool: pool)
          #expect(result.array == codes, "\(isa), \(values), \(threads) threads")
          let accumulators = GuardedBuffer<Int32>(count: sums.count, repeating: 77)
          convolution.runAccumulators(
            source.base, zeroPoint: zeroPoint, accumulators.base, batch: example.batch,
            scratch: scratch.base, pool: pool)
          #expect(accumulators.array == sums, "\(isa), \(values), \(threads) threads")
        }
      }
    }
  }

  /// Sums that could reach 2²⁵ are left to the plain form.
  @Test func sumsThatCouldBeTooLargeAreRefused() {
    let geometry = Example(height: 28, width: 28, inputs: 128, outputs: 32).geometry
    let depth = 9 * 128
    let change = Requantization(multipliers: [1e-4], inputZeroPoint: 3, outputZeroPoint: 0)
    func holds(_ weight: Int8, bias: Int32 = 0) -> Bool {
      var change = change
      change.biases = [Int32](repeating: bias, count: 32)
      return WinogradInt8.holds(
        weightRows: [Int8](repeating: weight, count: 32 * depth), depth: depth,
        requantization: change)
    }
    #expect(holds(114) && holds(-114))
    #expect(!holds(115) && !holds(-115))
    #expect(holds(0, bias: (1 << 25) - 1) && !holds(0, bias: 1 << 25) && !holds(0, bias: .min))
    let weights = [Int8](repeating: -128, count: geometry.weightCount)
    let input = Int8Values.largest.codes(geometry.inputCount, maximum: 255, seed: 1)
    let sums = Int8Reference.accumulators(
      geometry, input: input, weights: weights, zeroPoint: 3, batch: 1)
    for isa in InstructionSet.available {
      let convolution = ConvolutionInt8(
        geometry: geometry, weights: weights, requantization: change, isa: isa)
      #expect(!convolution.kernelName.contains("winograd"))
      let ordinary = ConvolutionInt8(
        geometry: geometry, weights: [Int8](repeating: 20, count: weights.count),
        requantization: change, isa: isa)
      let hasKernels = [.avx2, .avx512, .avx512vnni].contains(isa)
      #expect(ordinary.kernelName.contains("winograd") == hasKernels, "\(isa)")
      let pool = ThreadPool(threads: 1)
      let scratch = UnsafeMutableRawPointer.allocate(
        byteCount: convolution.scratchByteCount(batch: 1, threads: 1), alignment: 64)
      defer { scratch.deallocate() }
      let result = GuardedBuffer<Int32>(count: sums.count, repeating: 77)
      convolution.runAccumulators(
        input, zeroPoint: 3, result.base, batch: 1, scratch: scratch, pool: pool)
      #expect(result.array == sums, "\(isa)")
    }
  }
}
