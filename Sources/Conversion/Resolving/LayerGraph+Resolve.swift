import OrderedCollections
package import Quantization

extension LayerGraph {
  /// Applies `recipe` to every layer and edge.
  ///
  /// - Parameter observed: the edges that a calibration saw; `nil` before there was one. A layer
  ///   inside of a node that never ran has no ranges, and stays in float32.
  package func resolve(
    _ recipe: Recipe, observed: Set<String>? = nil
  ) throws(ConversionError) -> Resolution {
    let resolver: RecipeResolver
    do {
      resolver = try RecipeResolver(recipe)
    } catch {
      throw .recipe("\(error)")
    }
    var configs: [Layer.ID: ResolvedQConfig] = [:]
    for layer in layers {
      configs[layer.id] = resolver.resolve(
        layer: layer.id, operatorType: layer.operatorType, blocks: layer.selectors)
    }
    let unmatched = resolver.unmatchedRules(
      layers: layers.map { ($0.id, $0.operatorType) },
      blocks: Set(layers.flatMap(\.selectors)), tensors: Array(edges.keys))
    var edgeConfigs: [String: ResolvedQConfig] = [:]
    for edge in edges.values {
      // The layer that makes a tensor says how; for an input of the graph, the first that reads it.
      let owner = (edge.producer ?? edge.consumers.first).flatMap { self[$0] }
      edgeConfigs[edge.name] = resolver.resolve(
        layer: owner?.id ?? "", operatorType: owner?.operatorType ?? "",
        blocks: owner?.selectors ?? [], tensor: edge.name)
    }
    return resolution(
      recipe: recipe, configs: configs, edgeConfigs: edgeConfigs, unmatched: unmatched,
      unreached: observed.map(unreached) ?? [], only: nil)
  }

  /// Layers inside of nodes with an edge that no batch made.
  private func unreached(_ observed: Set<String>) -> Set<Layer.ID> {
    let layers = layers.filter { layer in
      !layer.within.isEmpty && layer.precisions.contains(.staticInt8)
        && !(layer.inputs + layer.outputs).allSatisfy(observed.contains)
    }
    return Set(layers.map(\.id))
  }

  /// The choices of `resolution`, with no other layers in int8 than `kept` and what moves values
  /// between them.
  package func limit(_ resolution: Resolution, to kept: Set<Layer.ID>) -> Resolution {
    self.resolution(
      recipe: resolution.recipe,
      configs: resolution.layers.elements.reduce(into: [:]) { $0[$1.key] = $1.value.config },
      edgeConfigs: resolution.edges.elements.reduce(into: [:]) { $0[$1.key] = $1.value.config },
      unmatched: resolution.unmatchedRules, unreached: resolution.unreached, only: kept)
  }

  private func resolution(
    recipe: Recipe, configs: [Layer.ID: ResolvedQConfig], edgeConfigs: [String: ResolvedQConfig],
    unmatched: [UnmatchedRule], unreached: Set<Layer.ID>, only kept: Set<Layer.ID>?
  ) -> Resolution {
    let real = edgeConfigs.compactMapValues(\.ruleForReal)
    let placement = Placement(self, recipe.target.placement) { layer in
      configs[layer.id]?.qconfig.precision == .staticInt8
        && (layer.precisions.contains(.staticInt8) || layer.isRoundedInFloat)
        && (layer.role == .passThrough || kept?.contains(layer.id) ?? true)
        && !layer.inputs.contains { real[$0] != nil } && !unreached.contains(layer.id)
    }
    let sharing = SharingGroups(self, recipe.target.placement, int8Layers: placement.int8Layers)
    let namedTensors = Set(
      recipe.rules.compactMap { rule in
        if case .tensor(let name) = rule.scope { name } else { nil }
      })
    var layerChoices: OrderedDictionary<Layer.ID, Resolution.LayerChoice> = [:]
    for layer in layers {
      guard let config = configs[layer.id] else { continue }
      let wanted = config.qconfig.precision
      let precision: LayerPrecision
      if placement.int8Layers.contains(layer.id) {
        precision = .staticInt8
      } else if wanted != .staticInt8, layer.precisions.contains(wanted),
        kept?.contains(layer.id) ?? true
      {
        precision = wanted
      } else {
        precision = .float32
      }
      layerChoices[layer.id] = Resolution.LayerChoice(
        layer: layer.id, config: config, precision: precision,
        reason: precision == .float32 && unreached.contains(layer.id)
          ? Self.unreachedReason
          : reason(for: layer, config: config, isInt8: precision == .staticInt8, real: real))
    }
    var edgeChoices: OrderedDictionary<String, Resolution.EdgeChoice> = [:]
    for edge in edges.keys {
      let group = sharing.group(of: edge)
      let representative = sharing.representative(of: edge)
      // A rule for one tensor of a group speaks for the group.
      let speaker = group.last(where: namedTensors.contains) ?? representative
      guard let config = edgeConfigs[speaker] else { continue }
      var scheme = config.qconfig.activation
      scheme.granularity = .perTensor
      edgeChoices[edge] = Resolution.EdgeChoice(
        edge: edge, scheme: scheme, config: config,
        isQuantized: placement.quantizedEdges.contains(edge), representative: representative,
        group: group)
    }
    return Resolution(
      recipe: recipe, layers: layerChoices, edges: edgeChoices, unmatchedRules: unmatched,
      unreached: unreached)
  }

  private static let unreachedReason =
    "no batch of the calibration ran it, so its ranges are not known; "
    + "calibrate with data that reach it, or quantize it dynamically"

  /// - Parameter real: rules by the edges that they keep real.
  private func reason(
    for layer: Layer, config: ResolvedQConfig, isInt8: Bool, real: [String: RuleSource]
  ) -> String {
    if !isInt8, layer.precisions.contains(.staticInt8), config.qconfig.precision == .staticInt8,
      let input = layer.inputs.first(where: { real[$0] != nil }), let rule = real[input]
    {
      return "its input '\(input)' is kept real, from \(rule)"
    }
    return switch layer.role {
    case .float(let reason) where isInt8:
      "\(reason), so it computes in float32; what it reads and makes is rounded, as ONNX Runtime does"
    case .float(let reason): reason
    case .passThrough where isInt8: "moves codes, so it shares scale and zero point"
    case .passThrough where config.qconfig.precision == .staticInt8: "moves values in float32"
    case .quantizable where !layer.precisions.contains(config.qconfig.precision):
      layer.reasonAgainst(config.qconfig.precision)
    case .quantizable, .passThrough: config.explanation(.precision)
    }
  }
}

extension Layer {
  /// Why it stays in float32 although the recipe says otherwise.
  fileprivate func reasonAgainst(_ precision: LayerPrecision) -> String {
    let words = precisions.filter { $0 != .float32 }.map { "precision=\($0.word)" }
    let possible = words.isEmpty ? "" : ": \(words.joined(separator: " or ")) is possible"
    switch precision {
    case .staticInt8: return "\(operatorType) is not quantized statically\(possible)"
    case .dynamicInt8:
      return weight == nil
        ? "it has no weights, and dynamic quantization is for layers that have"
        : "\(operatorType) is not quantized dynamically\(possible)"
    case .weightOnly: return "it has no weights"
    case .float32: return "it stays in float32"
    }
  }
}
