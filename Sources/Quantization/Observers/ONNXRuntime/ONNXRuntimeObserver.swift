package import Tensors

/// One of ONNX Runtime's calibrators, for a single tensor.
///
/// They are fed as ONNX Runtime feeds them: a *collect* call takes several batches and looks at them
/// together, which is why the result depends on how batches are grouped into calls. The statistics
/// that a calibration run of the workbench gathers do not depend on it; these observers exist to give
/// the same numbers as `quantize_static` for the same calls.
package protocol ONNXRuntimeObserver: Sendable {
  /// Takes the batches of one call together.
  mutating func collect(_ batches: [Tensor]) throws(ObserverError)
  /// The range chosen from all calls.
  func range() throws(ObserverError) -> CalibratedRange
}

/// What a calibrator chose: one range, or one per channel.
package struct CalibratedRange: Hashable, Sendable {
  package var lowest: [Float]
  package var highest: [Float]

  package init(lowest: [Float], highest: [Float]) {
    self.lowest = lowest
    self.highest = highest
  }
}

/// The values of the batches of one call, in order.
/// - Throws: ``ObserverError/unequalShapes`` as ONNX Runtime stacks them, and
///   ``ObserverError/noBatches``.
func flattened(_ batches: [Tensor]) throws(ObserverError) -> [Float] {
  guard let first = batches.first else { throw .noBatches }
  var values: [Float] = []
  values.reserveCapacity(batches.count * first.elementCount)
  for batch in batches {
    guard batch.shape == first.shape else { throw .unequalShapes }
    values += batch.floats
  }
  return values
}

/// The least and greatest value that is a number; both 0 without any value.
func numberExtent(of values: [Float]) -> (low: Float, high: Float) {
  guard !values.isEmpty else { return (0, 0) }
  let numbers = values.lazy.filter { !$0.isNaN }
  return (numbers.min() ?? .nan, numbers.max() ?? .nan)
}
