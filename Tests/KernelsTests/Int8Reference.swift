import Kernels

/// Convolutions of codes written as their definition says, to compare kernels with.
enum Int8Reference {
  /// `sum of (x - zeroPoint) * w` for every output, without bias; padding adds nothing.
  static func accumulators(
    _ geometry: ConvolutionGeometry, input: [UInt8], weights: [some BinaryInteger],
    zeroPoint: UInt8, batch: Int
  ) -> [Int32] {
    var sums: [Int32] = []
    forEachOutput(geometry, batch: batch) { image, y, x, channel in
      var sum: Int32 = 0
      let group = channel / geometry.outputChannelsPerGroup
      for ky in 0..<geometry.kernelHeight {
        for kx in 0..<geometry.kernelWidth {
          let row = y * geometry.strideHeight + ky * geometry.dilationHeight - geometry.padTop
          let column = x * geometry.strideWidth + kx * geometry.dilationWidth - geometry.padLeft
          guard (0..<geometry.inputHeight).contains(row),
            (0..<geometry.inputWidth).contains(column)
          else { continue }
          let pixel = (image * geometry.inputHeight + row) * geometry.inputWidth + column
          for k in 0..<geometry.inputChannelsPerGroup {
            let code = input[
              pixel * geometry.inputChannels + group * geometry.inputChannelsPerGroup + k]
            let weight = weights[
              ((channel * geometry.inputChannelsPerGroup + k) * geometry.kernelHeight + ky)
                * geometry.kernelWidth + kx]
            sum += (Int32(code) - Int32(zeroPoint)) * Int32(weight)
          }
        }
      }
      sums.append(sum)
    }
    return sums
  }

  static func requantized(_ sums: [Int32], _ requantization: Requantization, channels: Int)
    -> [UInt8]
  {
    sums.enumerated().map { index, sum in
      let bias = requantization.biases.isEmpty ? 0 : requantization.biases[index % channels]
      return requantization.code(of: sum &+ bias, channel: index % channels)
    }
  }

  private static func forEachOutput(
    _ geometry: ConvolutionGeometry, batch: Int, _ body: (Int, Int, Int, Int) -> Void
  ) {
    for image in 0..<batch {
      for y in 0..<geometry.outputHeight {
        for x in 0..<geometry.outputWidth {
          for channel in 0..<geometry.outputChannels { body(image, y, x, channel) }
        }
      }
    }
  }
}

/// Values that a kernel might get wrong: everything, or only the ends of the range.
enum Int8Values: CaseIterable {
  case random, extremes, largest

  func codes(_ count: Int, maximum: UInt8, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in
      switch self {
      case .random: UInt8.random(in: 0...maximum, using: &random)
      case .extremes: Bool.random(using: &random) ? maximum : 0
      case .largest: maximum
      }
    }
  }

  func weights(_ count: Int, seed: UInt64) -> [Int8] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { index in
      switch self {
      case .random: Int8.random(in: -128...127, using: &random)
      case .extremes: Bool.random(using: &random) ? 127 : -128
      case .largest: seed % 2 == 0 ? 127 : -128
      }
    }
  }
}

/// The same numbers on every machine and run (splitmix64).
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
