/// The types PyTorch's observers know.
package enum ObservedType: String, Sendable, CaseIterable {
  case qint8, quint8
  /// Two unsigned 4-bit codes to a byte.
  case quint4x2

  /// The codes in use when nothing else is said.
  func range(reduced: Bool) -> (lowest: Int32, highest: Int32) {
    switch self {
    case .qint8: reduced ? (-64, 63) : (-128, 127)
    case .quint8: reduced ? (0, 127) : (0, 255)
    case .quint4x2: (0, 15)
    }
  }
}

/// PyTorch's `qscheme`.
package enum ObserverScheme: String, Sendable, CaseIterable {
  case perTensorAffine = "per_tensor_affine"
  case perTensorSymmetric = "per_tensor_symmetric"
  case perChannelAffine = "per_channel_affine"
  case perChannelSymmetric = "per_channel_symmetric"
  /// Zero points stay floats, and the range need not hold zero.
  case perChannelAffineFloat = "per_channel_affine_float_qparams"

  package var isPerTensor: Bool { self == .perTensorAffine || self == .perTensorSymmetric }
  package var isSymmetric: Bool { self == .perTensorSymmetric || self == .perChannelSymmetric }
}

/// How PyTorch's observers are asked for parameters: the arguments of their constructors.
package struct ObserverConfiguration: Hashable, Sendable {
  package var type: ObservedType
  package var scheme: ObserverScheme
  package var reduceRange: Bool
  /// Takes effect only when both ends are given.
  package var customLowest: Int32?
  package var customHighest: Int32?
  package var epsilon: Float

  package init(
    type: ObservedType = .quint8, scheme: ObserverScheme = .perTensorAffine,
    reduceRange: Bool = false, customLowest: Int32? = nil, customHighest: Int32? = nil,
    epsilon: Float = TensorScheme.defaultEpsilon
  ) {
    self.type = type
    self.scheme = scheme
    self.reduceRange = reduceRange
    self.customLowest = customLowest
    self.customHighest = customHighest
    self.epsilon = epsilon
  }

  /// The codes in use; a custom range is floor-divided by 2 when reduced.
  package func effectiveRange() throws(ObserverError) -> (lowest: Int32, highest: Int32) {
    guard let lowest = customLowest, let highest = customHighest else {
      return type.range(reduced: reduceRange)
    }
    guard lowest <= 0, highest >= 0, lowest < highest,
      type != .qint8 || Int64(highest) - Int64(lowest) + 1 <= 256
    else { throw .badRange(lowest: lowest, highest: highest) }
    // An arithmetic shift is a floor division.
    return reduceRange ? (lowest >> 1, highest >> 1) : (lowest, highest)
  }

  /// Refuses what PyTorch's min-max observers refuse to be made with.
  func refuseReducedSymmetricUnsigned() throws(ObserverError) {
    if scheme.isSymmetric && reduceRange && type == .quint8 {
      throw .reducedSymmetricUnsigned
    }
  }

  /// The zero point of a symmetric scheme.
  func symmetricZeroPoint(lowest: Int32, highest: Int32) -> Int32 {
    guard type == .quint8 else { return 0 }
    let isCustom = customLowest != nil && customHighest != nil
    return isCustom ? (lowest + highest) >> 1 : 128
  }

  /// One map per range, by PyTorch's rules. An empty list means that nothing was observed.
  func parameters(
    minima: [Float], maxima: [Float]
  ) throws(ObserverError) -> ObservedParameters {
    let (lowest, highest) = try effectiveRange()
    var result = ObservedParameters(
      lowest: lowest, highest: highest, scales: [1], zeroPoints: [0], isObserved: false)
    if minima.isEmpty || (minima.count == 1 && minima[0] == .infinity && maxima[0] == -.infinity) {
      return result
    }
    for (low, high) in zip(minima, maxima) where !(low <= high) {
      throw .badState(minimum: low, maximum: high)
    }
    let rule = TorchParameterRule(lowest: lowest, highest: highest, epsilon: epsilon)
    result.isObserved = true
    result.scales = []
    result.zeroPoints = []
    for (low, high) in zip(minima, maxima) {
      switch scheme {
      case .perTensorSymmetric, .perChannelSymmetric:
        result.scales.append(rule.symmetricScale(lower: low, upper: high))
        result.zeroPoints.append(Float(symmetricZeroPoint(lowest: lowest, highest: highest)))
      case .perTensorAffine, .perChannelAffine:
        let (scale, zeroPoint) = rule.affine(lower: low, upper: high)
        result.scales.append(scale)
        result.zeroPoints.append(Float(zeroPoint))
      case .perChannelAffineFloat:
        let (scale, zeroPoint) = rule.affineFloat(lower: low, upper: high)
        result.scales.append(scale)
        result.zeroPoints.append(zeroPoint)
      }
    }
    return result
  }
}

/// What a PyTorch observer answers when asked for parameters.
package struct ObservedParameters: Hashable, Sendable {
  package var lowest: Int32
  package var highest: Int32
  /// One element per tensor, or one per channel.
  package var scales: [Float]
  /// Whole numbers, except in `perChannelAffineFloat`.
  package var zeroPoints: [Float]
  /// PyTorch answers scale 1, zero point 0 with a warning when it saw nothing; this is the warning.
  package var isObserved: Bool
}

/// Why an observer refused.
package enum ObserverError: Error, Equatable, CustomStringConvertible {
  case badRange(lowest: Int32, highest: Int32)
  case reducedSymmetricUnsigned
  case badState(minimum: Float, maximum: Float)
  case schemeMismatch(ObserverScheme)
  case notANumber
  case badAxis(Int, rank: Int)
  case oneDimensional
  case channelCount(expected: Int, found: Int)
  case rangeOverflows(minimum: Float, maximum: Float)
  case passive
  case noBatches
  case unequalShapes
  case notFinite
  case badBins(Int)
  case badPercentile(Double)

  package var description: String {
    switch self {
    case .badRange(let lowest, let highest):
      "codes \(lowest)...\(highest) cannot be used: they must contain 0 and fit the type"
    case .reducedSymmetricUnsigned:
      "unsigned codes cannot be symmetric with a reduced range: use qint8 or an affine scheme"
    case .badState(let minimum, let maximum):
      "observed minimum \(minimum) is not below maximum \(maximum): the data held not-a-number"
    case .schemeMismatch(let scheme):
      "this observer does not support \(scheme.rawValue)"
    case .notANumber:
      "the batch holds not-a-number, which a histogram cannot count"
    case .badAxis(let axis, let rank):
      "axis \(axis) lies outside a tensor of rank \(rank)"
    case .oneDimensional:
      "a per-channel observer needs at least two dimensions"
    case .channelCount(let expected, let found):
      "the batch has \(found) channels, those before had \(expected)"
    case .rangeOverflows(let minimum, let maximum):
      "the range \(minimum)...\(maximum) is too wide for float32: use a percentile or MSE observer"
    case .passive:
      "this observer only passes values through and has no parameters"
    case .noBatches:
      "no batch was collected, so there is no range: calibrate with data first"
    case .unequalShapes:
      "the batches of one call differ in shape, which ONNX Runtime cannot stack: collect them one "
        + "by one"
    case .notFinite:
      "the range is infinite or not a number, so it cannot be cut into bins"
    case .badBins(let bins):
      "the range cannot be cut into \(bins) bins: use another number, or batches of similar range"
    case .badPercentile(let percentile):
      "\(percentile) is no percentile: use 0...100"
    }
  }
}
