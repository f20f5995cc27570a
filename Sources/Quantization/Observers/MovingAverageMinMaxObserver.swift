/// PyTorch's MovingAverageMinMaxObserver: the first batch's range, then `m += c * (batch - m)`.
package struct MovingAverageMinMaxObserver: Hashable, Sendable {
  package let averagingConstant: Float
  package private(set) var minimum: Float = .infinity
  package private(set) var maximum: Float = -.infinity

  package init(averagingConstant: Float = 0.01) { self.averagingConstant = averagingConstant }

  /// Adds one batch; an empty one is ignored.
  package mutating func observe(_ values: [Float]) {
    guard let (low, high) = observedExtent(of: values) else { return }
    observe(minimum: low, maximum: high)
  }

  /// Adds the range of one batch.
  package mutating func observe(minimum low: Float, maximum high: Float) {
    if minimum == .infinity && maximum == -.infinity {
      minimum = low
      maximum = high
    } else {
      minimum += averagingConstant * (low - minimum)
      maximum += averagingConstant * (high - maximum)
    }
  }

  package func parameters(
    for configuration: ObserverConfiguration
  ) throws(ObserverError) -> ObservedParameters {
    guard configuration.scheme.isPerTensor else { throw .schemeMismatch(configuration.scheme) }
    try configuration.refuseReducedSymmetricUnsigned()
    return try configuration.parameters(minima: [minimum], maxima: [maximum])
  }
}
