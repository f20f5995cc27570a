package import OrderedCollections
package import Quantization

/// What a recipe means for every layer and edge of a model.
package struct Resolution: Sendable {
  /// What is done with a layer.
  package struct LayerChoice: Sendable {
    package let layer: Layer.ID
    /// The qconfig with the rule behind every field.
    package let config: ResolvedQConfig
    /// What is really done: what the recipe says, where the layer can, and float32 otherwise.
    package let precision: LayerPrecision
    /// Why the layer runs the way it does, for people.
    package let reason: String

    package var qconfig: QConfig { config.qconfig }
    /// Whether it reads and makes codes.
    package var isInt8: Bool { precision == .staticInt8 }
    /// How its weights are stored: as the recipe says, or the nearest that is possible.
    package func weightScheme(of reference: WeightReference) -> TensorScheme {
      reference.possible(qconfig.weight, for: precision)
    }
  }

  /// What is done with an edge.
  package struct EdgeChoice: Sendable {
    package let edge: String
    /// How it is quantized when it is; the activation part of `config`, always per tensor.
    package let scheme: TensorScheme
    package let config: ResolvedQConfig
    package let isQuantized: Bool
    /// The rule by which all that reads it takes reals, as behind PyTorch's DeQuantStub.
    package var ruleForReal: RuleSource? { config.ruleForReal }
    /// The edge whose statistics decide the parameters; itself when it shares with nobody.
    package let representative: String
    /// All edges with the same parameters, itself included, in model order.
    package let group: [String]
  }

  package let recipe: Recipe
  /// In model order.
  package let layers: OrderedDictionary<Layer.ID, LayerChoice>
  /// In model order.
  package let edges: OrderedDictionary<String, EdgeChoice>
  /// Rules that matched nothing in this model.
  package let unmatchedRules: [UnmatchedRule]
  /// Layers inside of nodes that the calibration never ran.
  package let unreached: Set<Layer.ID>

  package var int8Layers: [Layer.ID] { layers.values.filter(\.isInt8).map(\.layer) }
  /// Whether anything in it depends on observed ranges.
  package var needsCalibration: Bool { layers.values.contains(where: \.isInt8) }
  package var quantizedEdges: [String] { edges.values.filter(\.isQuantized).map(\.edge) }
  /// The quantized edges whose parameters have to be chosen; the others follow.
  package var representatives: [String] {
    var seen: Set<String> = []
    return edges.values.filter(\.isQuantized).map(\.representative).filter {
      seen.insert($0).inserted
    }
  }
}
