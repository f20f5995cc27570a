import Kernels
import Testing

/// Kernels choose weights by the codes that they meet; no choice may change a result.
@Suite struct Int8RangeTests {
  /// The largest code of each image of a batch.
  static let maxima: [[UInt8]] = [
    [0], [1], [126], [127], [128], [129], [254], [255], [127, 255, 0, 128], [255, 127, 126],
  ]

  enum Shape: CaseIterable {
    case pointwise, window, grouped, narrow, depthwise, largeDepthwise

    var geometry: ConvolutionGeometry {
      switch self {
      case .pointwise:
        ConvolutionGeometry(
          inputHeight: 9, inputWidth: 8, inputChannels: 64, outputChannels: 40, kernelHeight: 1,
          kernelWidth: 1)
      case .window:
        ConvolutionGeometry(
          inputHeight: 7, inputWidth: 6, inputChannels: 5, outputChannels: 19, kernelHeight: 3,
          kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1)
      case .grouped:
        ConvolutionGeometry(
          inputHeight: 6, inputWidth: 5, inputChannels: 24, outputChannels: 34, kernelHeight: 1,
          kernelWidth: 1, groups: 2)
      case .narrow:
        ConvolutionGeometry(
          inputHeight: 5, inputWidth: 5, inputChannels: 16, outputChannels: 7, kernelHeight: 2,
          kernelWidth: 2)
      case .depthwise:
        ConvolutionGeometry(
          inputHeight: 7, inputWidth: 9, inputChannels: 50, outputChannels: 50, kernelHeight: 3,
          kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1, groups: 50)
      case .largeDepthwise:
        ConvolutionGeometry(
          inputHeight: 8, inputWidth: 7, inputChannels: 37, outputChannels: 37, kernelHeight: 5,
          kernelWidth: 5, padTop: 2, padLeft: 2, padBottom: 2, padRight: 2, groups: 37)
      }
    }
  }

  @Test(arguments: Shape.allCases, [Int8Values.random, .extremes, .largest])
  func anyRangeOfCodesGivesTheExactResult(_ shape: Shape, _ kind: Int8Values) {
    let geometry = shape.geometry
    let weights = kind.weights(geometry.weightCount, seed: 2)
    let change = Requantization(
      multipliers: [0.002], biases: (0..<geometry.outputChannels).map { Int32($0 * 10) },
      inputZeroPoint: 3, outputZeroPoint: 90)
    let pool = ThreadPool(threads: 2)
    for isa in InstructionSet.available {
      let convolution = ConvolutionInt8(
        geometry: geometry, weights: weights, requantization: change, isa: isa)
      for maxima in Self.maxima {
        let input = maxima.enumerated().flatMap { image, maximum in
          kind.codes(geometry.inputCount, maximum: maximum, seed: UInt64(image))
        }
        let sums = Int8Reference.accumulators(
          geometry, input: input, weights: weights, zeroPoint: 3, batch: maxima.count)
        let left = GuardedBuffer(input)
        let output = GuardedBuffer<UInt8>(count: sums.count, repeating: 9)
        let accumulators = GuardedBuffer<Int32>(count: sums.count, repeating: 9)
        let scratch = GuardedBuffer<UInt8>(
          count: convolution.scratchByteCount(batch: maxima.count, threads: 2), flushWith: .start,
          repeating: 255)
        defer { withExtendedLifetime((left, scratch)) {} }
        convolution.run(
          left.base, output.base, batch: maxima.count, scratch: scratch.base, pool: pool)
        convolution.runAccumulators(
          left.base, zeroPoint: 3, accumulators.base, batch: maxima.count, scratch: scratch.base,
          pool: pool)
        #expect(accumulators.array == sums, "\(isa), codes up to \(maxima)")
        #expect(
          output.array
            == Int8Reference.requantized(sums, change, channels: geometry.outputChannels))
      }
    }
  }

  @Test func oneLargeCodeAmongSmallOnesIsSeenWhereverItIs() {
    let (rows, depth, columns) = (70, 36, 18)
    let weights = Int8Values.largest.weights(depth * columns, seed: 2)
    let change = Requantization(multipliers: [0.01], inputZeroPoint: 0, outputZeroPoint: 0)
    let gemm = GEMMInt8(
      depth: depth, columns: columns, weights: weights, transposed: false, requantization: change)
    let pool = ThreadPool(threads: 1)
    let output = GuardedBuffer<Int32>(count: rows * columns, repeating: 0)
    let scratch = GuardedBuffer<UInt8>(
      count: gemm.scratchByteCount(rows: rows, threads: 1), repeating: 0)
    for place in stride(from: 0, to: rows * depth, by: 7) {
      var a = [UInt8](repeating: 127, count: rows * depth)
      a[place] = 255
      a[place ^ 1] = 255
      gemm.runAccumulators(
        a, zeroPoint: 0, output.base, rows: rows, scratch: scratch.base, pool: pool)
      let expected = (0..<rows).map { row in
        (0..<depth).reduce(Int32(0)) { $0 + Int32(a[row * depth + $1]) * 127 }
      }
      #expect(
        output.array == expected.flatMap { [Int32](repeating: $0, count: columns) },
        "large code at \(place)")
    }
    withExtendedLifetime(scratch) {}
  }
}
