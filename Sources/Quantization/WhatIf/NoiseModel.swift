/// Predicts the squared error of any map on a tensor from its histogram.
///
/// Every bin counts as uniform over its width, and the squared distance to the nearest code is
/// integrated exactly. Exact zeros are known apart and cost nothing, since zero is always a code.
/// A value more than half a step outside the representable range is clipped: its whole error counts
/// as clipping, and the rest as rounding.
struct NoiseModel {
  private let signal: Double
  private let total: Double
  private let zeroCount: Double
  /// The ends of bins with values in them, and how many; `begin == end` where all values are equal.
  private let begins: [Double]
  private let width: Double
  private let counts: [Double]

  init(_ statistics: TensorStatistics) {
    let histogram = statistics.signed
    signal = statistics.meanSquare
    total = Double(statistics.elementCount)
    zeroCount = Double(statistics.zeroCount)
    let lower = Double(histogram.minimum)
    width = (Double(histogram.maximum) - lower) / Double(histogram.bins)
    var remaining = histogram.counts.map(Double.init)
    if width > 0 {
      Self.takeAway(zeroCount, from: &remaining, startingAt: Int(max(-lower, 0) / width))
    }
    // Float32 counts of PyTorch's histogram may have lost some; the shares stay right.
    let sum = remaining.reduce(0, +)
    let factor = sum > 0 ? (total - zeroCount) / sum : 0
    var begins: [Double] = []
    var counts: [Double] = []
    for (bin, count) in remaining.enumerated() where count > 0 {
      begins.append(width > 0 ? lower + Double(bin) * width : lower)
      counts.append(count * factor)
    }
    self.begins = begins
    self.counts = counts
  }

  /// Removes zeros from the bin that holds zero, and from the next ones where merging spread them.
  private static func takeAway(_ count: Double, from bins: inout [Double], startingAt first: Int) {
    var left = count
    var bin = min(first, bins.count - 1)
    while left > 0 && bin < bins.count {
      let taken = min(left, bins[bin])
      bins[bin] -= taken
      left -= taken
      bin += 1
    }
  }

  func noise(of parameters: QuantizationParameters) -> QuantizationNoise {
    let scale = Double(parameters.scale)
    let range = parameters.range
    let grid = Grid(
      scale: scale, lowest: scale * Double(range.lowest - parameters.zeroPoint),
      highest: scale * Double(range.highest - parameters.zeroPoint))
    var rounding = 0.0
    var clipping = 0.0
    var clipped = 0.0
    guard total > 0 else {
      return QuantizationNoise(signal: 0, rounding: 0, clipping: 0, clippedShare: 0)
    }
    if width > 0 {
      for index in begins.indices {
        let begin = begins[index]
        let end = begin + width
        let density = counts[index] / width
        let low = max(begin, grid.lowerClip)
        let high = min(end, grid.upperClip)
        if high > low { rounding += density * (grid.rounding(high) - grid.rounding(low)) }
        if begin < grid.lowerClip {
          let last = min(end, grid.lowerClip)
          clipping += density * (cube(last - grid.lowest) - cube(begin - grid.lowest)) / 3
          clipped += density * (last - begin)
        }
        if end > grid.upperClip {
          let first = max(begin, grid.upperClip)
          clipping += density * (cube(end - grid.highest) - cube(first - grid.highest)) / 3
          clipped += density * (end - first)
        }
      }
    } else if let value = begins.first, let count = counts.first {
      let nearest = grid.nearest(value)
      let error = count * (value - nearest) * (value - nearest)
      if value < grid.lowerClip || value > grid.upperClip {
        clipping += error
        clipped += count
      } else {
        rounding += error
      }
    }
    return QuantizationNoise(
      signal: signal, rounding: rounding / total, clipping: clipping / total,
      clippedShare: min(clipped / total, 1))
  }
}

/// The representable reals of a map.
private struct Grid {
  let scale: Double
  let inverse: Double
  let lowest: Double
  let highest: Double
  let lowerClip: Double
  let upperClip: Double
  private let cellEnergy: Double

  init(scale: Double, lowest: Double, highest: Double) {
    self.scale = scale
    inverse = 1 / scale
    self.lowest = lowest
    self.highest = highest
    lowerClip = lowest - scale / 2
    upperClip = highest + scale / 2
    cellEnergy = scale * scale * scale / 12
  }

  /// The integral of the squared distance to the nearest multiple of `scale`, from 0 to `value`.
  @inline(__always)
  func rounding(_ value: Double) -> Double {
    let cell = nearestInteger(value * inverse)
    return cell * cellEnergy + cube(value - cell * scale) / 3
  }

  func nearest(_ value: Double) -> Double {
    min(max(nearestInteger(value * inverse) * scale, lowest), highest)
  }

  /// For magnitudes below 2^51, without a call into the C library.
  @inline(__always)
  private func nearestInteger(_ value: Double) -> Double {
    abs(value) < 0x1p51 ? (value + 0x1.8p52) - 0x1.8p52 : value
  }
}

@inline(__always)
private func cube(_ value: Double) -> Double { value * value * value }
