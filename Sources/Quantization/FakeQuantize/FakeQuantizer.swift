package import Tensors

/// PyTorch's FakeQuantize module: follows a tensor's range and rounds the tensor to codes and back.
///
/// Quantization-aware training puts one on every weight and activation. Both of PyTorch's
/// implementations average ranges alike (weights too: the averaging constant holds for them as for
/// activations) and round alike; they turn a range into a map by different rules, so their scales
/// differ.
package struct FakeQuantizer: Sendable {
  package enum Implementation: String, Sendable, CaseIterable {
    /// FusedMovingAvgObsFakeQuantize, the default: ``DynamicParameterRule``.
    case fused
    /// FakeQuantize over a moving-average observer: ``TorchParameterRule``.
    case unfused
  }

  package let implementation: Implementation
  package let configuration: ObserverConfiguration
  private var observer: MovingObserver
  /// Maps after the last batch; `nil` before the first.
  package private(set) var parameters: ObservedParameters?

  /// - Parameters:
  ///   - configuration: symmetric or affine; per channel follows every slice along `axis`.
  ///   - averagingConstant: of `m += c * (batch - m)`.
  package init(
    _ implementation: Implementation = .fused, configuration: ObserverConfiguration,
    axis: Int = 0, averagingConstant: Float = 0.01
  ) {
    self.implementation = implementation
    self.configuration = configuration
    observer =
      configuration.scheme.isPerTensor
      ? .perTensor(MovingAverageMinMaxObserver(averagingConstant: averagingConstant))
      : .perChannel(
        MovingAveragePerChannelMinMaxObserver(axis: axis, averagingConstant: averagingConstant))
  }

  /// The ranges so far, one per map.
  package var minima: [Float] {
    switch observer {
    case .perTensor(let observer): [observer.minimum]
    case .perChannel(let observer): observer.minima
    }
  }

  package var maxima: [Float] {
    switch observer {
    case .perTensor(let observer): [observer.maximum]
    case .perChannel(let observer): observer.maxima
    }
  }

  /// The axis whose slices have maps of their own; `nil` per tensor.
  package var axis: Int? {
    switch observer {
    case .perTensor: nil
    case .perChannel(let observer): observer.axis
    }
  }

  /// Takes a batch into the ranges, and chooses the maps anew.
  package mutating func observe(_ values: [Float], shape: Shape) throws(ObserverError) {
    switch observer {
    case .perTensor(var tensor):
      tensor.observe(values)
      observer = .perTensor(tensor)
    case .perChannel(var channels):
      try channels.observe(values, shape: shape)
      observer = .perChannel(channels)
    }
    try chooseMaps()
  }

  /// Takes the ranges of a batch, one per map, into the ranges, and chooses the maps anew.
  package mutating func observe(minima: [Float], maxima: [Float]) throws(ObserverError) {
    switch observer {
    case .perTensor(var tensor):
      tensor.observe(minimum: minima[0], maximum: maxima[0])
      observer = .perTensor(tensor)
    case .perChannel(var channels):
      channels.observe(minima: minima, maxima: maxima)
      observer = .perChannel(channels)
    }
    try chooseMaps()
  }

  private mutating func chooseMaps() throws(ObserverError) {
    switch implementation {
    case .unfused:
      parameters = try configuration.parameters(minima: minima, maxima: maxima)
    case .fused:
      parameters = try fusedParameters()
    }
  }

  /// Every value as the nearest that a code stands for, by the maps of the last batch observed.
  package func fakeQuantize(_ values: [Float], shape: Shape) throws(AffineError) -> [Float] {
    guard let affine = try affine(for: shape) else { return values }
    return try affine.fakeQuantize(values)
  }

  /// Where ``fakeQuantize(_:shape:)`` lets a gradient through.
  package func gradientMask(_ values: [Float], shape: Shape) throws(AffineError) -> [Bool] {
    guard let affine = try affine(for: shape) else { return values.map { _ in true } }
    return try affine.gradientMask(values)
  }

  /// `nil` before the first batch.
  private func affine(for shape: Shape) throws(AffineError) -> AffineTensor? {
    guard let parameters else { return nil }
    return try AffineTensor(
      shape: shape, layout: axis.map { .perAxis(axis: $0) } ?? .perTensor,
      scales: parameters.scales, zeroPoints: parameters.zeroPoints.map { Int32($0) },
      lowest: parameters.lowest, highest: parameters.highest)
  }

  private func fusedParameters() throws(ObserverError) -> ObservedParameters {
    let (lowest, highest) = try configuration.effectiveRange()
    var result = ObservedParameters(
      lowest: lowest, highest: highest, scales: [], zeroPoints: [], isObserved: true)
    let rule = DynamicParameterRule(
      lowest: lowest, highest: highest, preservesSparsity: configuration.scheme.isSymmetric,
      usesStoredScale: true)
    for (low, high) in zip(minima, maxima) {
      guard low <= high else { throw .badState(minimum: low, maximum: high) }
      let (scale, zeroPoint) = rule.parameters(lower: low, upper: high)
      result.scales.append(scale)
      result.zeroPoints.append(Float(zeroPoint))
    }
    return result
  }
}

/// The range that a module follows.
private enum MovingObserver: Sendable {
  case perTensor(MovingAverageMinMaxObserver)
  case perChannel(MovingAveragePerChannelMinMaxObserver)
}
