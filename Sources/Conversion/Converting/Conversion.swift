package import Graphs
package import OrderedCollections
package import Quantization

/// A model with QuantizeLinear and DequantizeLinear around everything that runs in int8.
package struct Conversion: Sendable {
  /// Inputs and outputs are the float model's, by name, type and shape.
  package let model: Model
  /// Of layers that run in int8 and have weights.
  package let weightParameters: [Layer.ID: TensorParameters]
  /// Of every quantized edge, in model order.
  package let edgeParameters: OrderedDictionary<String, QuantizationParameters>
  /// Where the quantized edges are found in `model`.
  package let places: [String: EdgePlace]
  package let int8Layers: [Layer.ID]
  /// The operators that were written for each layer, roundings of its outputs included;
  /// `DequantizeLinear (constant)` makes weights or a bias real.
  package let operators: [Layer.ID: [String]]
  package let notes: [ConversionNote]
  package let sizes: ModelSizes

  /// The float value of `model` that stands for an edge as most of its readers see it: after
  /// rounding where an int8 layer makes it, as it is otherwise.
  package func observableName(of edge: String) -> String {
    guard let place = places[edge] else { return edge }
    return place.isMadeInInt8 ? place.dequantized : place.real
  }
}

/// The values that stand for one edge in a converted graph.
package struct EdgePlace: Hashable, Sendable {
  /// Before rounding.
  package let real: String
  package let codes: String
  /// After rounding, in float.
  package let dequantized: String
  /// Whether the layer that makes it computes on codes, so that everyone reads the rounded value.
  package let isMadeInInt8: Bool
}

/// What the constants of a model take.
package struct ModelSizes: Hashable, Codable, Sendable {
  package let floatByteCount: Int
  package let quantizedByteCount: Int
  /// Constants stored as int8, of all constants.
  package let quantizedParameterCount: Int
  package let parameterCount: Int
}

/// Something a conversion did that the person may want to know.
package enum ConversionNote: Hashable, Sendable, CustomStringConvertible {
  /// Weight scales were raised so that the bias fits 32 bits.
  case biasRepaired(layer: Layer.ID, channels: [Int])
  /// The rounding clamps at the same values, so the node is gone.
  case clampRemoved(layer: Layer.ID, node: String)
  case clampKept(layer: Layer.ID, node: String)
  /// One stored copy serves several layers.
  case weightShared(initializer: String, layers: [Layer.ID])
  case weightWarning(layer: Layer.ID, text: String)
  /// A setting was changed to one that is possible.
  case adjusted(layer: Layer.ID, text: String)

  package var layer: Layer.ID? {
    switch self {
    case .biasRepaired(let layer, _), .clampRemoved(let layer, _), .clampKept(let layer, _),
      .weightWarning(let layer, _), .adjusted(let layer, _):
      layer
    case .weightShared(_, let layers): layers.first
    }
  }

  package var description: String {
    switch self {
    case .biasRepaired(let layer, let channels):
      "\(layer): the bias of \(channels.count) channel\(channels.count == 1 ? "" : "s") would not "
        + "fit 32 bits, so the weight scale was raised."
    case .clampRemoved(let layer, let node):
      "\(layer): '\(node)' is gone, because quantizing the output clamps at the same values."
    case .clampKept(let layer, let node):
      "\(layer): '\(node)' stays, because it clamps inside the range of codes."
    case .weightShared(let initializer, let layers):
      "'\(initializer)' is stored once for \(layers.joined(separator: ", "))."
    case .weightWarning(let layer, let text), .adjusted(let layer, let text): "\(layer): \(text)"
    }
  }
}
