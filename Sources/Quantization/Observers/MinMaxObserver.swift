/// PyTorch's MinMaxObserver: the running minimum and maximum of all batches.
///
/// As in PyTorch, infinities are recorded and not-a-number sticks.
package struct MinMaxObserver: Hashable, Sendable {
  /// `+inf` before the first value.
  package private(set) var minimum: Float = .infinity
  /// `-inf` before the first value.
  package private(set) var maximum: Float = -.infinity

  package init() {}

  /// Adds one batch; an empty one is ignored.
  package mutating func observe(_ values: [Float]) {
    guard let (low, high) = observedExtent(of: values) else { return }
    minimum = propagatingMinimum(minimum, low)
    maximum = propagatingMaximum(maximum, high)
  }

  package func parameters(
    for configuration: ObserverConfiguration
  ) throws(ObserverError) -> ObservedParameters {
    guard configuration.scheme.isPerTensor else { throw .schemeMismatch(configuration.scheme) }
    try configuration.refuseReducedSymmetricUnsigned()
    return try configuration.parameters(minima: [minimum], maxima: [maximum])
  }
}

/// The least and greatest value, not-a-number when there is one; `nil` for no values.
func observedExtent(of values: some Collection<Float>) -> (low: Float, high: Float)? {
  guard let first = values.first else { return nil }
  var low = first
  var high = first
  for value in values {
    low = propagatingMinimum(low, value)
    high = propagatingMaximum(high, value)
  }
  return (low, high)
}

/// The lesser of two, or not-a-number when either is.
@inline(__always)
func propagatingMinimum(_ left: Float, _ right: Float) -> Float {
  left.isNaN || left < right ? left : right
}

/// The greater of two, or not-a-number when either is.
@inline(__always)
func propagatingMaximum(_ left: Float, _ right: Float) -> Float {
  left.isNaN || left > right ? left : right
}
