/// Which rule picks the clipping range out of what was observed.
package enum ObserverKind: Hashable, Sendable {
  case minMax
  /// `m += constant * (batch - m)`, from the first batch on.
  case movingAverageMinMax(constant: Float)
  /// PyTorch's HistogramObserver: the range with the least squared error.
  case histogram
  /// Covers `percent` of the absolute values (symmetric) or of the values (affine).
  case percentile(Double)
  /// Least Kullback–Leibler divergence.
  case entropy
  /// Least mean squared error over a sweep of clipping ranges.
  case meanSquaredError
  /// Known beforehand, as for sigmoid and softmax outputs.
  case fixed(scale: Float, zeroPoint: Int32)
  /// Set by hand.
  case manual(lower: Float, upper: Float)
}
