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
    guard !minima.isEmpty else {
      minima = batch.minima
      maxima = batch.maxima
      return
    }
    try batch.check(channels: minima.count)
    for channel in minima.indices {
      minima[channel] += averagingConstant * (batch.minima[channel] - minima[channel])
      maxima[channel] += averagingConstant * (batch.maxima[channel] - maxima[channel])
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
