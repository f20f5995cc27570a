/// Why no parameters can be given for a tensor.
package enum ParameterError: Error, Equatable, Sendable, CustomStringConvertible {
  case notObserved
  case noFiniteValues(count: Int)
  case perTensorOnly(ObserverKind)
  case noChannels
  case channelsDiffer
  case rangeTooWide(minimum: Float, maximum: Float)
  case badManualRange(lower: Float, upper: Float)
  case badFixedScale(Float)
  case badFixedZeroPoint(Int32)
  case badPercentile(Double)
  case badAveragingConstant(Float)
  case nonFiniteWeights(count: Int)
  case badWeightAxis(Int, shape: String)

  package var description: String {
    switch self {
    case .notObserved:
      "nothing was observed here yet: calibrate first, with data that reaches this tensor"
    case .noFiniteValues(let count):
      "all \(count) values seen were NaN or infinite: look at the input data"
    case .perTensorOnly(let observer):
      "\(observer.name) finds one range for a whole tensor: choose minMax or movingAverage, "
        + "or per-tensor granularity"
    case .noChannels:
      "no per-channel ranges were kept for this tensor: choose per-tensor granularity"
    case .channelsDiffer:
      "batches had different numbers of channels: choose per-tensor granularity"
    case .rangeTooWide(let minimum, let maximum):
      "the range \(minimum)...\(maximum) overflows PyTorch's histogram search: choose percentile, "
        + "mse or minMax"
    case .badManualRange(let lower, let upper):
      "\(lower)...\(upper) is not a range: both ends must be finite, the lower one less"
    case .badFixedScale(let scale):
      "a scale of \(scale) is not possible: use a finite number above 0"
    case .badFixedZeroPoint(let zeroPoint):
      "a fixed zero point of \(zeroPoint) lies outside 0...255, for which fixed maps are stated"
    case .badPercentile(let percent):
      "\(percent) is not a percentile: use more than 50 and at most 100"
    case .badAveragingConstant(let constant):
      "\(constant) is not an averaging constant: use more than 0 and at most 1"
    case .nonFiniteWeights(let count):
      "\(count) weights are NaN or infinite: the model file is damaged or training diverged"
    case .badWeightAxis(let axis, let shape):
      "weights of shape \(shape) have no channel axis \(axis)"
    }
  }
}
