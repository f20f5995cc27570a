/// The squared error of spreading a histogram over a number of equal steps, as PyTorch estimates it.
///
/// Every bin counts as uniform; its two partial steps and the whole steps between them are
/// integrated. Float32 per bin, like PyTorch, so that the search stops where PyTorch's stops; bins
/// without values add nothing and are left out beforehand.
struct HistogramQuantizationError {
  private let binWidth: Double
  private let destinationBins: Int
  private let positions: [Float]
  private let densities: [Float]

  init(_ histogram: TorchHistogram, destinationBins: Int) {
    let range = Double(histogram.maximum) - Double(histogram.minimum)
    binWidth = range / Double(histogram.bins)
    self.destinationBins = destinationBins
    let width = Float(binWidth)
    var positions: [Float] = []
    var densities: [Float] = []
    for (bin, count) in histogram.counts.enumerated() where count != 0 {
      positions.append(Float(bin))
      densities.append(count / width)
    }
    self.positions = positions
    self.densities = densities
  }

  /// The error when the steps cover `bins`; values outside are drawn to the nearest step.
  func sum(over bins: ClosedRange<Int>) -> Double {
    let stepWidth = binWidth * Double(bins.count) / Double(destinationBins)
    guard stepWidth != 0 else { return 0 }
    let width = Float(binWidth)
    let step = Float(stepWidth)
    let half = Float(stepWidth / 2)
    let halfCube = half * half * half
    let wholeStep = (halfCube + halfCube) / 3
    let first = Float(bins.lowerBound)
    let lastStep = Float(destinationBins - 1)
    return positions.withUnsafeBufferPointer { positions in
      densities.withUnsafeBufferPointer { densities in
        var total = 0.0
        for index in positions.indices {
          let begin = (positions[index] - first) * width
          let end = begin + width
          let beginStep = flooredStep(begin / step, lastStep)
          let endStep = flooredStep(end / step, lastStep)
          let fromBegin = begin - (beginStep + 0.5) * step
          let toEnd = end - (endStep * step + half)
          let density = densities[index]
          var error = density * ((halfCube - fromBegin * fromBegin * fromBegin) / 3)
          error += (endStep - beginStep - 1) * (density * wholeStep)
          error += density * ((toEnd * toEnd * toEnd + halfCube) / 3)
          total += Double(error)
        }
        return total
      }
    }
  }

  /// `clamp(floor(quotient), 0, lastStep)`, without a call: clamped values round exactly with the
  /// float trick, and what rounded up goes back down.
  @inline(__always)
  private func flooredStep(_ quotient: Float, _ lastStep: Float) -> Float {
    let inside = min(max(quotient, 0), lastStep)
    let rounded = roundedToEven(inside)
    return rounded > inside ? rounded - 1 : rounded
  }
}
