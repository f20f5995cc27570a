package import Conversion
internal import Graphs
internal import OrderedCollections
package import Quantization

/// How ranges are followed while a model is trained.
package enum RangeRule: Hashable, Sendable {
  /// PyTorch's QAT modules: `FusedMovingAvgObsFakeQuantize`, or `FakeQuantize` over a moving average.
  case torch(FakeQuantizer.Implementation)
  /// The recipe's own arithmetic; weights by their range as it is, as the converter takes it.
  case recipe
}

/// Where a recipe rounds a model: a module for every quantized edge and weight.
///
/// An edge that an int8 layer makes is rounded for all who read it, one that a float layer makes
/// only for int8 layers, as in conversion.
package final class Rounding {
  private let layers: LayerGraph
  private let resolution: Resolution
  /// By the edge that decides for its group.
  package private(set) var edges: [String: FakeQuantizationModule] = [:]
  /// By layer, then by the index of the weight among the inputs of its main node.
  package private(set) var weights: [Layer.ID: [Int: FakeQuantizationModule]] = [:]

  /// - Parameters:
  ///   - averagingConstant: of activations, and of weights under ``RangeRule/torch(_:)``.
  ///   - learnsScales: whether scales of weights are trained (LSQ).
  ///   - learnsActivationScales: whether those of activations are, from what the first batch suggests.
  package init(
    _ layers: LayerGraph, _ resolution: Resolution, rule: RangeRule = .recipe,
    averagingConstant: Float = 0.01, learnsScales: Bool = false,
    learnsActivationScales: Bool = false
  ) throws(TrainingError) {
    self.layers = layers
    self.resolution = resolution
    for choice in resolution.edges.values where choice.isQuantized {
      guard edges[choice.representative] == nil else { continue }
      let scheme = resolution.edges[choice.representative]?.scheme ?? choice.scheme
      let rule = try Self.rule(scheme, rule, averagingConstant, edge: choice.representative)
      var isFixed = false
      if case .fixed = rule { isFixed = true }
      edges[choice.representative] = FakeQuantizationModule(
        choice.representative, rule: rule, learnsScale: learnsActivationScales && !isFixed)
    }
    for layer in layers.layers {
      guard let choice = resolution.layers[layer.id], choice.precision != .float32 else { continue }
      for reference in layer.weights {
        let scheme = choice.weightScheme(of: reference)
        guard scheme.groupSize == 0 else {
          throw .quantizer(
            "Weights of '\(layer.id)' in groups cannot be trained: set weight.groupSize=0.")
        }
        let isPerChannel = scheme.granularity == .perChannel
        weights[layer.id, default: [:]][reference.inputIndex] = FakeQuantizationModule(
          "\(layer.id):\(reference.initializer)",
          rule: try Self.weightRule(scheme, rule, averagingConstant),
          axis: isPerChannel ? reference.channelAxis : nil, learnsScale: learnsScales)
      }
    }
  }

  /// In model order.
  var layerList: [Layer] { layers.layers }

  /// What rounds an edge, alone or for its group.
  func edgeModule(of edge: String) -> FakeQuantizationModule? {
    guard let choice = resolution.edges[edge], choice.isQuantized else { return nil }
    return edges[choice.representative]
  }

  /// Every module, edges first, in a fixed order.
  package var modules: [FakeQuantizationModule] {
    edges.sorted { $0.key < $1.key }.map(\.value)
      + weights.sorted { $0.key < $1.key }.flatMap { layer in
        layer.value.sorted { $0.key < $1.key }.map(\.value)
      }
  }

  /// What a node in a weighted layer reads in place of the constant `name`.
  func weightQuantizer(_ name: String, _ node: Node) -> FakeQuantizationModule? {
    guard let layer = layers.layer(containing: node.id), layer.main == node.id,
      let modules = weights[layer.id]
    else { return nil }
    return modules.first { $0.key < node.inputs.count && node.inputs[$0.key] == name }?.value
  }

  /// The module that a node reads an edge through.
  func quantizer(of edge: String, readBy node: Node.ID) -> FakeQuantizationModule? {
    guard let module = module(of: edge) else { return nil }
    if isMadeInInt8(edge) { return module }
    guard let reader = layers.layer(containing: node) else { return nil }
    return resolution.layers[reader.id]?.isInt8 ?? false ? module : nil
  }

  /// The module through which the caller of a model sees an edge.
  func quantizer(ofOutput edge: String) -> FakeQuantizationModule? {
    isMadeInInt8(edge) ? module(of: edge) : nil
  }

  private func module(of edge: String) -> FakeQuantizationModule? {
    guard let choice = resolution.edges[edge], choice.isQuantized else { return nil }
    // Moved codes are codes already.
    if let layer = layers.layer(producing: edge), layer.role == .passThrough,
      resolution.layers[layer.id]?.isInt8 ?? false,
      layer.inputs.allSatisfy({ resolution.edges[$0]?.representative == choice.representative })
    {
      return nil
    }
    return edgeModule(of: edge)
  }

  private func isMadeInInt8(_ edge: String) -> Bool {
    layers.edges[edge]?.producer.flatMap { resolution.layers[$0]?.isInt8 } ?? false
  }

  /// Parameters of every quantized edge, for conversion.
  package func edgeParameters() throws(TrainingError) -> [String: QuantizationParameters] {
    var parameters: [String: QuantizationParameters] = [:]
    for choice in resolution.edges.values where choice.isQuantized {
      guard let module = edges[choice.representative],
        let found = module.parameters(type: choice.scheme.type).first
      else {
        throw .quantizer("'\(choice.edge)' was never seen while training, so it has no range.")
      }
      parameters[choice.representative] = found
    }
    return parameters
  }

  private static func rule(
    _ scheme: TensorScheme, _ rule: RangeRule, _ constant: Float, edge: String
  ) throws(TrainingError) -> FakeQuantizationModule.Rule {
    switch scheme.observer {
    case .fixed(let scale, let zeroPoint):
      do throws(ParameterError) {
        return .fixed(
          try QuantizationParameters(
            fixedScale: scale, zeroPoint: zeroPoint, range: scheme.range))
      } catch {
        throw .quantizer("'\(edge)': \(error)")
      }
    case .manual(let lower, let upper):
      guard lower <= upper else { throw .quantizer("'\(edge)' has an empty range by hand.") }
      return .fixed(QuantizationParameters(covering: lower...upper, scheme: scheme))
    default:
      guard case .torch(let implementation) = rule else {
        return .scheme(scheme, averagingConstant: constant)
      }
      return .torch(
        implementation, scheme.observed(isPerChannel: false), averagingConstant: constant)
    }
  }

  private static func weightRule(
    _ scheme: TensorScheme, _ rule: RangeRule, _ constant: Float
  ) throws(TrainingError) -> FakeQuantizationModule.Rule {
    switch rule {
    case .recipe: .scheme(scheme, averagingConstant: 1)
    case .torch(let implementation):
      .torch(
        implementation, scheme.observed(isPerChannel: scheme.granularity == .perChannel),
        averagingConstant: constant)
    }
  }
}

extension TensorScheme {
  /// The arguments of PyTorch's observers.
  fileprivate func observed(isPerChannel: Bool) -> ObserverConfiguration {
    let isSymmetric = symmetry == .symmetric
    let range = range
    let isCustom = narrowRange || type.bitWidth < 8
    return ObserverConfiguration(
      type: type.isSigned ? .qint8 : .quint8,
      scheme: isPerChannel
        ? (isSymmetric ? .perChannelSymmetric : .perChannelAffine)
        : (isSymmetric ? .perTensorSymmetric : .perTensorAffine),
      reduceRange: reduceRange && !isCustom, customLowest: isCustom ? range.lowest : nil,
      customHighest: isCustom ? range.highest : nil, epsilon: epsilon)
  }
}
