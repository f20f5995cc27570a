package import Graphs
package import Quantization
package import Tensors

/// What quantization can do with a layer.
package enum LayerRole: Hashable, Sendable {
  /// Can be quantized in one way or another when its qconfig says so.
  case quantizable
  /// Moves values without arithmetic, so its codes keep scale and zero point.
  case passThrough
  /// Stays in float whatever the recipe says, and why.
  case float(reason: String)
}

/// The constant operand of a layer that multiplies and accumulates.
package struct WeightReference: Hashable, Sendable {
  package let initializer: String
  /// Which input of the layer's main node it is.
  package let inputIndex: Int
  package let shape: Shape
  /// The dimension whose slices belong to different outputs: 0 for Conv, 1 for ConvTranspose,
  /// the last for MatMul, 1 for Gemm or 0 when it transposes its weight.
  package let channelAxis: Int
  /// Output channels of one group that a slice serves: more than one only in a grouped ConvTranspose.
  package let groups: Int
  /// Whether every output channel sees one input channel only.
  package let isDepthwise: Bool

  package init(
    initializer: String, inputIndex: Int, shape: Shape, channelAxis: Int, groups: Int = 1,
    isDepthwise: Bool = false
  ) {
    self.initializer = initializer
    self.inputIndex = inputIndex
    self.shape = shape
    self.channelAxis = channelAxis
    self.groups = groups
    self.isDepthwise = isDepthwise
  }

  package var channelCount: Int { shape[channelAxis] }
}

/// One thing a person points at: an operator with everything that runs in one step with it.
package struct Layer: Identifiable, Sendable, Equatable {
  package typealias ID = String

  /// The main node's name, or its output's when it has none; unique within the model.
  package let id: ID
  /// The model's scopes, outermost first; the last component is the layer itself.
  package let path: [String]
  /// ONNX operator type of the main node, which rules speak of.
  package let operatorType: String
  /// What runs in it: `Conv+BN+Relu`, `HardSwish+Mul`.
  package internal(set) var title: String
  package let role: LayerRole
  /// In the prepared graph, in its order.
  package let nodes: [Node.ID]
  package let main: Node.ID
  /// Edges it reads, in order of use, each once.
  package let inputs: [String]
  /// Float values it makes for others; only operators such as Split have several.
  package let outputs: [String]
  package let weight: WeightReference?
  /// Of LSTM and GRU: what the hidden state is multiplied with, as `weight` is with the input. Both
  /// are `[directions, gates * hidden, inputs]`; the directions share maps.
  package var recurrentWeight: WeightReference?
  /// Initializer that is added to every output of a channel.
  package let bias: String?
  /// Elements of the float constants it owns, or of the codes that stand for its weights and bias.
  package let parameterCount: Int
  /// Where it is inside of other nodes: their names, each with the attribute that holds the graph,
  /// outermost first. Such a layer runs as often as the data decide.
  package var within: [String] = []
  /// How many operators run in it in one step and could be layers of their own.
  package var partCount = 1
  /// What it spells out together with others.
  package internal(set) var block: Block?
  /// Whether it adds two values for a normalization of rows to read, as the blocks of transformers do.
  package internal(set) var isResidual = false
  /// The layer that it would be part of, had the recipe not split that.
  package var splitFrom: ID?
  /// How the file has quantized it already; its role is then to stay as it is.
  package var stored: StoredQuantization?

  package var output: String { outputs[0] }

  /// What `op=` selects it by, besides its operator type.
  package var selectors: [String] {
    (block?.selectors ?? []) + (isResidual ? [Target.residual] : [])
  }

  package var weights: [WeightReference] { [weight, recurrentWeight].compactMap(\.self) }

  /// In which ways it can run.
  package var precisions: [LayerPrecision] {
    switch role {
    case .float: [.float32]
    case .passThrough: [.staticInt8, .float32]
    case .quantizable:
      switch operatorType {
      case "LSTM", "GRU": [.dynamicInt8, .weightOnly, .float32]
      case "Gather": [.weightOnly, .float32]
      case "Gemm" where weight != nil, "MatMul" where weight != nil:
        [.staticInt8, .dynamicInt8, .weightOnly, .float32]
      default:
        weight == nil ? [.staticInt8, .float32] : [.staticInt8, .weightOnly, .float32]
      }
    }
  }

  /// Whether it can read and make rounded values although it computes in float.
  var isRoundedInFloat: Bool {
    guard stored == nil, case .float = role else { return false }
    return OperatorTraits.roundedInFloat.contains(operatorType)
  }
}

/// A float value that leaves one layer for others.
package struct Edge: Sendable, Equatable {
  package let name: String
  /// `nil` for an input of the graph.
  package let producer: Layer.ID?
  /// In model order, each once.
  package let consumers: [Layer.ID]
  package let isGraphOutput: Bool
}
