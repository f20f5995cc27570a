package import Tensors

/// PyTorch's MovingAveragePerChannelMinMaxObserver: a moving average of every channel's range.
package struct MovingAveragePerChannelMinMaxObserver: Hashable, Sendable {
  package let axis: Int
  package let averagingConstant: Float
  /// One element per channel; empty before the first value.
  package private(set) var minima: [Float] = []
  package private(set) var maxima: [Float] = []

  package init(axis: Int = 0, averagingConstant: Float = 0.01) {
    self.axis = axis
    self.averagingConstant = averagingConstant
  }

  /// Adds one batch; an empty one is ignored.
  package mutating func observe(_ values: [Float], shape: Shape) throws(ObserverError) {
    guard let batch = try ChannelExtents(values, shape: shape, axis: axis) else { return }
    if !minima.isEmpty { try batch.check(channels: minima.count) }
    observe(minima: batch.minima, maxima: batch.maxima)
  }

  /// Adds the ranges of one batch.
  /// - Precondition: as many as before.
  package mutating func observe(minima lows: [Float], maxima highs: [Float]) {
    guard !minima.isEmpty else {
      minima = lows
      maxima = highs
      return
    }
    precondition(lows.count == minima.count, "\(lows.count) channels, \(minima.count) before")
    for channel in minima.indices {
      minima[channel] += averagingConstant * (lows[channel] - minima[channel])
      maxima[channel] += averagingConstant * (highs[channel] - maxima[channel])
    }
  }

  package func parameters(
    for configuration: ObserverConfiguration
  ) throws(ObserverError) -> ObservedParameters {
    guard !configuration.scheme.isPerTensor else { throw .schemeMismatch(configuration.scheme) }
    try configuration.refuseReducedSymmetricUnsigned()
    return try configuration.parameters(minima: minima, maxima: maxima)
  }
}
