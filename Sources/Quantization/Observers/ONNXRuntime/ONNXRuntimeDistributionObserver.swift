import Foundation
package import Tensors

/// ONNX Runtime's DistributionCalibrater, for 8-bit floats: mean and deviation of the values, taken
/// from the middles of their bins. Its range is the whole histogram.
package struct ONNXRuntimeDistributionObserver: ONNXRuntimeObserver, Hashable {
  /// The fewest bins that ONNX Runtime accepts.
  package static let fewestBins = 512

  package let bins: Int
  /// Measures the third roots of the values instead (scenario `p3`); the last bits of a root depend on
  /// the mathematical library.
  package let usesThirdRoots: Bool
  private var state: CenteredHistogram?

  package init(bins: Int = 2048, usesThirdRoots: Bool = false) {
    self.bins = bins
    self.usesThirdRoots = usesThirdRoots
  }

  package mutating func collect(_ batches: [Tensor]) throws(ObserverError) {
    try state.collect(batches, bins: bins)
  }

  package var histogram: (counts: [Int], edges: [Float])? {
    state.histogram
  }

  package var observed: (minimum: Float, maximum: Float)? {
    state.observed
  }

  package func range() throws(ObserverError) -> CalibratedRange {
    guard bins >= Self.fewestBins else { throw .badBins(bins) }
    guard let edges = state?.bins.edges, let first = edges.first, let last = edges.last else {
      throw .noBatches
    }
    return CalibratedRange(lowest: [first], highest: [last])
  }

  /// Middles in float32, sums in double.
  package func moments() throws(ObserverError) -> (mean: Float, deviation: Float) {
    guard bins >= Self.fewestBins else { throw .badBins(bins) }
    guard let histogram = state?.bins else { throw .noBatches }
    let middles = zip(histogram.edges, histogram.edges.dropFirst()).map { low, high in
      let middle = (low + high) * 0.5
      return usesThirdRoots ? pow(abs(middle), Float(1.0 / 3)) * (middle < 0 ? -1 : 1) : middle
    }
    let total = Double(histogram.total)
    let counts = histogram.counts.map { Double($0) }
    let mean = pairwiseSum(zip(counts, middles).map { $0 * Double($1) }) / total
    let square = pairwiseSum(zip(counts, middles).map { $0 * Double($1 * $1) }) / total
    return (Float(mean), Float((square - mean * mean).squareRoot()))
  }
}
