import Kernels
import Testing

/// One convolution to try, small enough for the reference.
struct Int8Case: CustomTestStringConvertible, Sendable {
  let name: String
  let geometry: ConvolutionGeometry
  var batch = 1

  var testDescription: String { name }

  private static func square(
    _ name: String, _ size: Int, _ input: Int, _ output: Int, kernel: Int, stride: Int = 1,
    pad: Int = 0, dilation: Int = 1, groups: Int = 1, batch: Int = 1
  ) -> Int8Case {
    Int8Case(
      name: name,
      geometry: ConvolutionGeometry(
        inputHeight: size, inputWidth: size, inputChannels: input, outputChannels: output,
        kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
        dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
        padBottom: pad, padRight: pad, groups: groups), batch: batch)
  }

  static let products: [Int8Case] = [
    square("one product", 1, 1, 1, kernel: 1),
    square("one tile", 2, 4, 16, kernel: 1),
    square("one row and column more than a tile", 3, 5, 17, kernel: 1),
    square("one less than a tile", 2, 3, 15, kernel: 1),
    square("narrow last panel", 5, 8, 24, kernel: 1),
    square("eight columns", 3, 12, 8, kernel: 1),
    square("odd number of quads", 4, 20, 33, kernel: 1, batch: 2),
    square("small image input", 9, 3, 16, kernel: 3, stride: 2, pad: 1, batch: 2),
    square("padded 3x3", 7, 8, 18, kernel: 3, pad: 1),
    square("dilated 3x3", 9, 6, 7, kernel: 3, pad: 2, dilation: 2),
    square("strided 1x1", 6, 8, 9, kernel: 1, stride: 2),
    square("groups of four", 5, 16, 24, kernel: 1, groups: 4),
    square("groups of three, 3x3", 5, 6, 10, kernel: 3, pad: 1, groups: 2),
    square("window larger than the image", 2, 4, 5, kernel: 5, pad: 2),
    Int8Case(
      name: "one-dimensional",
      geometry: ConvolutionGeometry(
        inputHeight: 1, inputWidth: 40, inputChannels: 9, outputChannels: 11, kernelHeight: 1,
        kernelWidth: 7, strideWidth: 2, padLeft: 3, padRight: 2)),
    square("deep", 3, 300, 20, kernel: 1),
  ]

  /// Wide enough to be read from strips of the image.
  static let strips: [Int8Case] = [
    square("strips of one channel", 14, 1, 18, kernel: 3, pad: 1, batch: 2),
    square("strips of three channels", 27, 3, 33, kernel: 7, stride: 2, pad: 3),
    square("strips of whole quads", 13, 8, 50, kernel: 3, pad: 1),
    square("strips without padding", 16, 4, 20, kernel: 3),
    square("strips of half quads without padding", 15, 2, 9, kernel: 3, batch: 2),
    square("strips of a strided 1x1", 25, 8, 24, kernel: 1, stride: 2),
    square("strips that are mostly padding", 2, 5, 17, kernel: 3, pad: 6),
    strip("strips of apart lines", height: 9, width: 20, dilation: 2, pads: (1, 3, 2, 0)),
    strip("strips of a long line", height: 1, width: 1_100, pads: (1, 1, 1, 1)),
    strip("strips in blocks", height: 70, width: 300, pads: (1, 1, 0, 2)),
  ]

  private static func strip(
    _ name: String, height: Int, width: Int, dilation: Int = 1, pads: (Int, Int, Int, Int)
  ) -> Int8Case {
    Int8Case(
      name: name,
      geometry: ConvolutionGeometry(
        inputHeight: height, inputWidth: width, inputChannels: 7, outputChannels: 10,
        kernelHeight: 3, kernelWidth: 2, dilationHeight: dilation, padTop: pads.0,
        padLeft: pads.1, padBottom: pads.2, padRight: pads.3))
  }

  static let depthwise: [Int8Case] = [
    depthwise("dw one channel", 5, 1, kernel: 3, pad: 1),
    depthwise("dw 3x3", 6, 16, kernel: 3, pad: 1, batch: 2),
    depthwise("dw 3x3 stride 2", 7, 24, kernel: 3, stride: 2, pad: 1),
    depthwise("dw 3x3, 17 channels", 5, 17, kernel: 3, pad: 1),
    depthwise("dw 3x3, 32 channels", 5, 32, kernel: 3, pad: 1),
    depthwise("dw 3x3 stride 2, 88 channels", 6, 88, kernel: 3, stride: 2, pad: 1),
    depthwise("dw 5x5", 7, 40, kernel: 5, pad: 2),
    depthwise("dw 2x2, 65 channels", 4, 65, kernel: 2),
    depthwise("dw 5x5 stride 2, 15 channels", 9, 15, kernel: 5, stride: 2, pad: 2),
    depthwise("dw 7x7 dilated", 9, 8, kernel: 7, pad: 6, dilation: 2),
    depthwise("dw 2x2", 4, 20, kernel: 2, stride: 2),
    depthwise("dw 4x4", 6, 9, kernel: 4, pad: 1),
    depthwise("dw 1x1", 4, 33, kernel: 1),
    Int8Case(
      name: "dw one-dimensional",
      geometry: ConvolutionGeometry(
        inputHeight: 1, inputWidth: 30, inputChannels: 19, outputChannels: 19, kernelHeight: 1,
        kernelWidth: 9, strideWidth: 2, dilationWidth: 2, padLeft: 8, padRight: 8, groups: 19),
      batch: 2),
    Int8Case(
      name: "dw uneven pads",
      geometry: ConvolutionGeometry(
        inputHeight: 6, inputWidth: 4, inputChannels: 16, outputChannels: 16, kernelHeight: 3,
        kernelWidth: 5, strideHeight: 2, padTop: 0, padLeft: 4, padBottom: 1, padRight: 3,
        groups: 16)),
  ]

  private static func depthwise(
    _ name: String, _ size: Int, _ channels: Int, kernel: Int, stride: Int = 1, pad: Int = 0,
    dilation: Int = 1, batch: Int = 1
  ) -> Int8Case {
    square(
      name, size, channels, channels, kernel: kernel, stride: stride, pad: pad, dilation: dilation,
      groups: channels, batch: batch)
  }
}

@Suite struct Int8ConvolutionTests {
  /// Multipliers around those that spread the sums over the codes, and biases of both signs.
  private func requantization(_ geometry: ConvolutionGeometry, zeroPoint: UInt8) -> Requantization {
    var random = SeededRandom(seed: 7)
    let spread = 1 / Float(300 * (geometry.weightCount / geometry.outputChannels))
    return Requantization(
      multipliers: (0..<geometry.outputChannels).map { _ in
        Float.random(in: 0.2...4, using: &random) * spread
      },
      biases: (0..<geometry.outputChannels).map { _ in
        Int32.random(in: -20_000...20_000, using: &random)
      },
      inputZeroPoint: zeroPoint, outputZeroPoint: 100, low: 3, high: 250)
  }

  @Test(arguments: Int8Case.products + Int8Case.strips + Int8Case.depthwise)
  func everyKernelEqualsTheDefinition(_ example: Int8Case) {
    let geometry = example.geometry
    for (seed, values) in Int8Values.allCases.enumerated() {
      for maximum: UInt8 in [127, 255] {
        let seed = UInt64(seed) + UInt64(maximum)
        let input = values.codes(geometry.inputCount * example.batch, maximum: maximum, seed: seed)
        let weights = values.weights(geometry.weightCount, seed: seed + 1)
        let zeroPoint = maximum / 3
        let sums = Int8Reference.accumulators(
          geometry, input: input, weights: weights, zeroPoint: zeroPoint, batch: example.batch)
        let change = requantization(geometry, zeroPoint: zeroPoint)
        let codes = Int8Reference.requantized(sums, change, channels: geometry.outputChannels)
        for isa in InstructionSet.available {
          let convolution = ConvolutionInt8(
            geometry: geometry, weights: weights, inputMaximum: maximum, requantization: change,
            isa: isa)
          let runs = run(convolution, input: input, zeroPoint: zeroPoint, batch: example.batch)
          #expect(runs.codes == codes, "\(isa), \(values), up to \(maximum)")
          #expect(runs.accumulators == sums, "\(isa), \(values), up to \(maximum)")
        }
      }
    }
  }

  /// Runs with all memory between guard pages.
  private func run(
    _ convolution: ConvolutionInt8, input: [UInt8], zeroPoint: UInt8, batch: Int, threads: Int = 1
  ) -> (codes: [UInt8], accumulators: [Int32]) {
    let pool = ThreadPool(threads: threads)
    let count = convolution.geometry.outputCount * batch
    let codes = GuardedBuffer<UInt8>(count: count, repeating: 77)
    let sums = GuardedBuffer<Int32>(count: count, repeating: 77)
    for edge in [GuardedBuffer<UInt8>.Edge.start, .end] {
      let source = GuardedBuffer(input, flushWith: edge)
      let bytes = convolution.scratchByteCount(batch: batch, threads: threads)
      // Scratch is aligned to 64 bytes, which is why it starts at the page.
      let scratch = GuardedBuffer<UInt8>(
        count: bytes, flushWith: bytes % 64 == 0 ? .end : .start, repeating: 255)
      defer { withExtendedLifetime((source, scratch)) {} }
      convolution.run(source.base, codes.base, batch: batch, scratch: scratch.base, pool: pool)
      convolution.runAccumulators(
        source.base, zeroPoint: zeroPoint, sums.base, batch: batch, scratch: scratch.base,
        pool: pool)
    }
    return (codes.array, sums.array)
  }

  @Test(arguments: [2, 3])
  func threadsChangeNothing(threads: Int) {
    let geometry = ConvolutionGeometry(
      inputHeight: 33, inputWidth: 31, inputChannels: 32, outputChannels: 72, kernelHeight: 3,
      kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1)
    let input = Int8Values.random.codes(geometry.inputCount, maximum: 255, seed: 5)
    let weights = Int8Values.random.weights(geometry.weightCount, seed: 6)
    var change = requantization(geometry, zeroPoint: 9)
    change.table = (0..<256).map { UInt8(255 - $0) }
    let convolution = ConvolutionInt8(
      geometry: geometry, weights: weights, requantization: change)
    let alone = run(convolution, input: input, zeroPoint: 9, batch: 1)
    let together = run(convolution, input: input, zeroPoint: 9, batch: 1, threads: threads)
    #expect(alone.codes == together.codes)
    #expect(alone.accumulators == together.accumulators)
    let sums = Int8Reference.accumulators(
      geometry, input: input, weights: weights, zeroPoint: 9, batch: 1)
    #expect(alone.codes == Int8Reference.requantized(sums, change, channels: 72))
  }

  @Test(arguments: Int8Case.strips)
  func stripsMayBeCutForThreads(_ example: Int8Case) {
    let geometry = example.geometry
    let input = Int8Values.random.codes(geometry.inputCount * example.batch, maximum: 255, seed: 5)
    let convolution = ConvolutionInt8(
      geometry: geometry, weights: Int8Values.random.weights(geometry.weightCount, seed: 6),
      requantization: requantization(geometry, zeroPoint: 9))
    let alone = run(convolution, input: input, zeroPoint: 9, batch: example.batch)
    let together = run(convolution, input: input, zeroPoint: 9, batch: example.batch, threads: 2)
    #expect(alone.codes == together.codes)
    #expect(alone.accumulators == together.accumulators)
  }

  @Test func reducedRangeNeedsNoSplitting() {
    let geometry = ConvolutionGeometry(
      inputHeight: 4, inputWidth: 4, inputChannels: 64, outputChannels: 32, kernelHeight: 1,
      kernelWidth: 1)
    let weights = Int8Values.random.weights(geometry.weightCount, seed: 3)
    let reduced = ConvolutionInt8(
      geometry: geometry, weights: weights, inputMaximum: 127,
      requantization: requantization(geometry, zeroPoint: 0))
    let full = ConvolutionInt8(
      geometry: geometry, weights: weights, inputMaximum: 255,
      requantization: requantization(geometry, zeroPoint: 0))
    #expect(reduced.provenSafeShare == 1)
    #expect(full.provenSafeShare < 1)
    if InstructionSet.best == .avx2 {
      #expect(!reduced.kernelName.contains("split"))
      #expect(full.kernelName.contains("≤127/") && full.kernelName.contains("split"))
    }
  }

  @Test func hugeAndTinyMultipliersSaturateOrVanish() {
    // As a product, and depthwise with the same weights.
    for groups in [1, 4] {
      let geometry = ConvolutionGeometry(
        inputHeight: 1, inputWidth: 1, inputChannels: 4, outputChannels: 4, kernelHeight: 1,
        kernelWidth: 1, groups: groups)
      let weights: [Int8] =
        groups == 4 ? [1, -1, 1, 0] : [1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
      for zeroPoint: Int32 in [128, -300] {
        for bias in [Int32.max, 0, 1, -1] {
          let change = Requantization(
            multipliers: [1e30, -600, 1e-30, 1000], biases: [0, 0, 0, bias], inputZeroPoint: 0,
            outputZeroPoint: zeroPoint, low: 2, high: 253)
          let sums = [200, -1, 200, 0].map(Int32.init)
          let codes = Int8Reference.requantized(sums, change, channels: 4)
          for isa in InstructionSet.available {
            let convolution = ConvolutionInt8(
              geometry: geometry, weights: weights, requantization: change, isa: isa)
            let runs = run(convolution, input: [200, 1, 200, 9], zeroPoint: 0, batch: 1)
            #expect(runs.codes == codes, "\(isa), zero point \(zeroPoint), bias \(bias)")
          }
        }
      }
    }
  }
}
