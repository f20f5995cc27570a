package import Kernels
package import Quantization
internal import Tensors

/// Follows the range of one tensor while a model is trained, and holds the maps that it is rounded
/// with; readers of one edge, and edges that share maps, share it.
///
/// `@unchecked`: one training run at a time uses it.
package final class FakeQuantizationModule: @unchecked Sendable {
  /// How ranges become maps.
  package enum Rule: Hashable, Sendable {
    /// PyTorch's modules, with moving averages of ranges.
    case torch(FakeQuantizer.Implementation, ObserverConfiguration, averagingConstant: Float)
    /// As the converter would: moving averages of ranges, and the scheme's own arithmetic. A constant
    /// of 1 forgets all but the last batch, as weights want it.
    case scheme(TensorScheme, averagingConstant: Float)
    /// Never changes.
    case fixed(QuantizationParameters)
  }

  package let name: String
  package let rule: Rule
  /// The axis whose slices have maps of their own; nil per tensor.
  package let axis: Int?
  /// Whether the range follows what passes (PyTorch's enable_observer).
  package var observes = true
  /// Whether values are rounded (PyTorch's enable_fake_quant).
  package var quantizes = true
  /// Whether the scales are trained like weights, from what the first batch suggests.
  package let learnsScale: Bool
  package private(set) var minima: [Float] = []
  package private(set) var maxima: [Float] = []
  /// One per tensor or channel; empty before the first batch.
  package private(set) var maps: [FakeQuantizationFloat.Map] = []
  /// Why a batch was refused.
  package private(set) var failure: String?
  private var follower: FakeQuantizer?

  package init(_ name: String, rule: Rule, axis: Int? = nil, learnsScale: Bool = false) {
    self.name = name
    self.rule = rule
    self.axis = axis
    self.learnsScale = learnsScale
    switch rule {
    case .torch(let implementation, let configuration, let constant):
      follower = FakeQuantizer(
        implementation, configuration: configuration, axis: axis ?? 0, averagingConstant: constant)
    case .scheme(_, let constant):
      let scheme: ObserverScheme = axis == nil ? .perTensorAffine : .perChannelAffine
      follower = FakeQuantizer(
        .unfused, configuration: ObserverConfiguration(scheme: scheme), axis: axis ?? 0,
        averagingConstant: constant)
    case .fixed(let parameters):
      maps = [Self.map(parameters)]
    }
  }

  /// Whether ranges are looked at at all.
  var follows: Bool {
    if case .fixed = rule { return false }
    return observes && !(learnsScale && !maps.isEmpty)
  }

  /// Takes the ranges of a batch, one per map.
  package func observe(minima lows: [Float], maxima highs: [Float]) {
    guard follower != nil else { return }
    do throws(ObserverError) {
      try follower?.observe(minima: lows, maxima: highs)
    } catch {
      failure = "'\(name)': \(error)"
      return
    }
    minima = follower?.minima ?? []
    maxima = follower?.maxima ?? []
    chooseMaps()
  }

  private func chooseMaps() {
    switch rule {
    case .torch:
      guard let found = follower?.parameters else { return }
      maps = zip(found.scales, found.zeroPoints).map {
        FakeQuantizationFloat.Map(
          scale: $0, zeroPoint: $1, lowest: Float(found.lowest), highest: Float(found.highest))
      }
    case .scheme(let scheme, _):
      guard zip(minima, maxima).allSatisfy({ $0 <= $1 }) else { return }
      maps = zip(minima, maxima).map {
        Self.map(QuantizationParameters(covering: $0...$1, scheme: scheme))
      }
    case .fixed: break
    }
  }

  private static func map(_ parameters: QuantizationParameters) -> FakeQuantizationFloat.Map {
    FakeQuantizationFloat.Map(
      scale: parameters.scale, zeroPoint: Float(parameters.zeroPoint),
      lowest: Float(parameters.range.lowest), highest: Float(parameters.range.highest))
  }

  /// Takes scales that were trained.
  func setScales(_ scales: UnsafeBufferPointer<Float>) {
    for index in maps.indices { maps[index].scale = max(abs(scales[index]), 1e-9) }
  }

  /// The maps as the converter takes them, of codes of `type`.
  package func parameters(type: QuantizedType) -> [QuantizationParameters] {
    maps.map {
      QuantizationParameters(
        scale: $0.scale, zeroPoint: Int32($0.zeroPoint),
        range: QuantizedRange(lowest: Int32($0.lowest), highest: Int32($0.highest), type: type))
    }
  }

  /// The maps under which PyTorch's `convert` stores weights: ranges follow the final weights once
  /// more, and become maps by the observer's own rule, fused or not. Nil where PyTorch's modules are
  /// not followed.
  func mapsAsConverted(
    _ weights: Tensor, type: QuantizedType
  ) throws(ObserverError) -> [QuantizationParameters]? {
    guard case .torch(_, let configuration, let constant) = rule, !minima.isEmpty, !learnsScale
    else { return nil }
    var observer = FakeQuantizer(
      .unfused, configuration: configuration, axis: axis ?? 0, averagingConstant: constant)
    try observer.observe(minima: minima, maxima: maxima)
    try observer.observe(weights.floats, shape: weights.shape)
    guard let found = observer.parameters else { return nil }
    let range = QuantizedRange(lowest: found.lowest, highest: found.highest, type: type)
    return zip(found.scales, found.zeroPoints).map {
      QuantizationParameters(scale: $0, zeroPoint: Int32($1), range: range)
    }
  }

  /// What a checkpoint keeps.
  package struct State: Codable, Equatable, Sendable {
    package var minima: [Float]
    package var maxima: [Float]
    package var scales: [Float]
  }

  package var state: State {
    State(minima: minima, maxima: maxima, scales: maps.map(\.scale))
  }

  /// Puts ranges back as `state` gave them.
  package func restore(_ state: State) {
    guard follower != nil, !state.minima.isEmpty else { return }
    let fresh = FakeQuantizationModule(name, rule: rule, axis: axis)
    follower = fresh.follower
    // The first batch is taken as it is.
    observe(minima: state.minima, maxima: state.maxima)
    if learnsScale {
      for index in maps.indices { maps[index].scale = state.scales[index] }
    }
  }
}
