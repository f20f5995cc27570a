internal import CKernels

/// How int32 accumulators become codes of the next tensor.
///
/// `code = table[clamp(rint(float(acc) * multiplier) + outputZeroPoint, low, high)]`, where `acc`
/// is `bias + sum of (x - inputZeroPoint) * w`. The conversion and the product round to the nearest
/// float, `rint` takes halves to even.
package struct Requantization: Hashable, Sendable {
  /// `inputScale * weightScale / outputScale`, one for each output channel or one for all.
  package var multipliers: [Float]
  /// In units of `inputScale * weightScale`, one for each output channel; empty means zero. The
  /// input zero point is accounted for separately.
  package var biases: [Int32]
  package var inputZeroPoint: UInt8
  /// May lie outside of 0...255; its magnitude is at most 2^20.
  package var outputZeroPoint: Int32
  package var low: UInt8
  package var high: UInt8
  /// 256 codes, applied last: an activation function, for instance.
  package var table: [UInt8]?

  package init(
    multipliers: [Float], biases: [Int32] = [], inputZeroPoint: UInt8, outputZeroPoint: Int32,
    low: UInt8 = 0, high: UInt8 = 255, table: [UInt8]? = nil
  ) {
    self.multipliers = multipliers
    self.biases = biases
    self.inputZeroPoint = inputZeroPoint
    self.outputZeroPoint = outputZeroPoint
    self.low = low
    self.high = high
    self.table = table
  }

  /// The code of one accumulator that includes the bias, written as the formula says.
  package func code(of accumulator: Int32, channel: Int) -> UInt8 {
    let real = Float(accumulator) * multipliers[multipliers.count == 1 ? 0 : channel]
    let lowest = Float(Int32(low) - outputZeroPoint)
    let highest = Float(Int32(high) - outputZeroPoint)
    let clamped = min(max(real, lowest), highest)
    let code = UInt8(Int32(clamped.rounded(.toNearestOrEven)) + outputZeroPoint)
    return table.map { $0[Int(code)] } ?? code
  }

  func bias(channel: Int) -> Int32 { biases.isEmpty ? 0 : biases[channel] }

  func check(channels: Int) {
    precondition(
      multipliers.count == 1 || multipliers.count == channels,
      "\(multipliers.count) multipliers for \(channels) channels")
    precondition(
      biases.isEmpty || biases.count == channels, "\(biases.count) biases for \(channels) channels")
    precondition(
      multipliers.allSatisfy(\.isFinite), "a multiplier is not finite")
    precondition(
      abs(Int64(outputZeroPoint)) <= 1 << 20, "zero point \(outputZeroPoint) is out of range")
    precondition(low <= high, "no code lies in \(low)...\(high)")
    precondition(table.map { $0.count == 256 } ?? true, "a table has 256 codes")
  }
}

/// A requantization of some channels, laid out for kernels.
struct PackedRequantization: Sendable {
  let multipliers: ConstantBuffer<Float>
  /// `bias - inputZeroPoint * sum of weights`: what accumulators start from.
  let initial: ConstantBuffer<Int32>
  let table: ConstantBuffer<UInt8>?
  private let low: Float
  private let high: Float
  private let zeroPoint: Int32
  private let isBounded: Bool

  /// - `channels`: those of the whole tensor that these are.
  /// - `weightSums`: one for each of `channels`.
  /// - `largestSum`: what no sum of products can exceed.
  /// - `paddedCount`: how many channels the kernel reads; those added get zeros.
  init(
    _ requantization: Requantization, channels: Range<Int>, weightSums: [Int32], largestSum: Int,
    paddedCount: Int
  ) {
    let all = requantization.multipliers
    let hasCodeAsZero = (0...255).contains(requantization.outputZeroPoint)
    // Beyond 512 every sum but zero leaves the codes, so that a larger multiplier changes nothing.
    let factors = channels.map { channel in
      let factor = all[all.count == 1 ? 0 : channel]
      return hasCodeAsZero ? min(max(factor, -512), 512) : factor
    }
    multipliers = ConstantBuffer(factors, minimumCount: paddedCount, padding: 0)
    let zero = Int32(requantization.inputZeroPoint)
    let starts = zip(channels, weightSums).map { requantization.bias(channel: $0) &- zero &* $1 }
    initial = ConstantBuffer(starts, minimumCount: paddedCount, padding: 0)
    isBounded =
      hasCodeAsZero
      && zip(starts, factors).allSatisfy { start, factor in
        (abs(Double(start)) + Double(largestSum)) * Double(abs(factor)) < 0x1p30
      }
    table = requantization.table.map { ConstantBuffer($0, padding: 0) }
    zeroPoint = requantization.outputZeroPoint
    low = Float(Int32(requantization.low) - zeroPoint)
    high = Float(Int32(requantization.high) - zeroPoint)
  }

  var kernelValue: kern_requantization {
    kern_requantization(
      multipliers: multipliers.base, low: low, high: high, zero_point: zeroPoint,
      is_bounded: isBounded)
  }
}

extension [Int32] {
  /// Of sums of weights, what accumulators start from where the zero point is known at run time
  /// only: `-zeroPoint * sum` for each channel, and zeros behind them.
  func fillInitial(_ initial: UnsafeMutablePointer<Int32>, count: Int, zeroPoint: UInt8) {
    for channel in 0..<count {
      initial[channel] = channel < self.count ? -Int32(zeroPoint) &* self[channel] : 0
    }
  }
}
