/// How the range of a tensor is turned into a map.
package enum Symmetry: String, Codable, Sendable, CaseIterable { case symmetric, affine }

/// How many maps a tensor has.
package enum Granularity: String, Codable, Sendable, CaseIterable { case perTensor, perChannel }

/// Which rule picks the clipping range out of what was observed.
package enum ObserverKind: Hashable, Codable, Sendable {
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

/// How one tensor is quantized: type, scheme, and the observer that finds its range.
package struct TensorScheme: Hashable, Codable, Sendable {
  package var type: QuantizedType
  package var symmetry: Symmetry
  package var granularity: Granularity
  package var observer: ObserverKind
  /// Uses half the codes (PyTorch: 0..127, -64..63), so that 16-bit sums cannot overflow.
  package var reduceRange: Bool
  /// Leaves out the lowest signed code: -127..127.
  package var narrowRange: Bool
  /// The least scale that is used.
  package var epsilon: Float
  /// Whose arithmetic is used; set by the target, not by rules.
  package var profile: NumericProfile

  package static let defaultEpsilon: Float = 0x1p-23

  package init(
    type: QuantizedType, symmetry: Symmetry, granularity: Granularity = .perTensor,
    observer: ObserverKind, reduceRange: Bool = false, narrowRange: Bool = false,
    epsilon: Float = TensorScheme.defaultEpsilon, profile: NumericProfile = .torch
  ) {
    self.type = type
    self.symmetry = symmetry
    self.granularity = granularity
    self.observer = observer
    self.reduceRange = reduceRange
    self.narrowRange = narrowRange
    self.epsilon = epsilon
    self.profile = profile
  }
}

/// What is done with a layer.
package enum LayerPrecision: String, Codable, Sendable, CaseIterable {
  /// Activations and weights in int8, ranges from calibration.
  case staticInt8
  case float32
}

/// How one layer is quantized (PyTorch's QConfig).
package struct QConfig: Hashable, Codable, Sendable {
  package var precision: LayerPrecision
  package var activation: TensorScheme
  package var weight: TensorScheme

  package init(
    precision: LayerPrecision = .staticInt8, activation: TensorScheme, weight: TensorScheme
  ) {
    self.precision = precision
    self.activation = activation
    self.weight = weight
  }
}
