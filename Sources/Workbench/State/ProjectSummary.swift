package import Quantization

/// What the workbench knows of an opened model, apart from any recipe.
package struct ProjectSummary: Equatable, Sendable {
  package var modelPath: String
  package var modelName: String
  /// Lower-case hexadecimal SHA-256 of the model file.
  package var modelDigest: String
  package var modelByteCount: Int
  package var opset: Int
  package var parameterCount: Int
  /// Multiply-accumulates of one run at the shapes below.
  package var multiplyAccumulates: Int
  /// `input 1×3×224×224 float32`, one line each.
  package var inputs: [String]
  package var outputs: [String]
  /// Model order.
  package var layers: [LayerSummary]
  /// What importing and preparing the graph had to say.
  package var notes: [String]
  /// How many layers the file has quantized already, by format and in model order of the first.
  package var storedFormats: [(format: String, layers: Int)] {
    var counts: [(format: String, layers: Int)] = []
    for layer in layers {
      guard let format = layer.stored?.format, layer.stored?.isBoundary == false else { continue }
      if let place = counts.firstIndex(where: { $0.format == format }) {
        counts[place].layers += 1
      } else {
        counts.append((format, 1))
      }
    }
    return counts
  }
  package var instructionSet: String
  package var threads: Int

  package init(
    modelPath: String, modelName: String, modelDigest: String, modelByteCount: Int, opset: Int,
    parameterCount: Int, multiplyAccumulates: Int, inputs: [String], outputs: [String],
    layers: [LayerSummary], notes: [String], instructionSet: String, threads: Int
  ) {
    self.modelPath = modelPath
    self.modelName = modelName
    self.modelDigest = modelDigest
    self.modelByteCount = modelByteCount
    self.opset = opset
    self.parameterCount = parameterCount
    self.multiplyAccumulates = multiplyAccumulates
    self.inputs = inputs
    self.outputs = outputs
    self.layers = layers
    self.notes = notes
    self.instructionSet = instructionSet
    self.threads = threads
  }
}

/// One layer as the model has it.
package struct LayerSummary: Equatable, Sendable, Identifiable {
  package enum Role: Equatable, Sendable {
    case quantizable
    /// Moves codes without arithmetic, so it shares scale and zero point with its input.
    case passThrough
    /// Stays in float, and why.
    case float(reason: String)
  }

  package var id: String
  /// The model's scopes, outermost first; the last is the layer itself.
  package var path: [String]
  package var title: String
  package var operatorType: String
  package var role: Role
  /// In which ways it can run.
  package var precisions: [LayerPrecision]
  package var inputEdges: [String]
  package var outputEdge: String
  /// `64×112×112`; empty when unknown.
  package var outputShape: String
  package var weightShape: String
  package var parameterCount: Int
  package var multiplyAccumulates: Int
  /// Share of the model's multiply-accumulates, 0...1.
  package var share: Double
  /// How many operators run in it in one step and could be layers of their own.
  package var partCount: Int
  /// The layer that it would be part of, had the recipe not split that.
  package var splitFrom: String?
  /// What rules call the block of layers that it is part of: `Attention#1`.
  package var block: String?
  /// How the file has quantized the layer already.
  package var stored: StoredSummary?

  package init(
    id: String, path: [String], title: String, operatorType: String, role: Role,
    precisions: [LayerPrecision] = [.staticInt8, .float32],
    inputEdges: [String], outputEdge: String, outputShape: String = "", weightShape: String = "",
    parameterCount: Int = 0, multiplyAccumulates: Int = 0, share: Double = 0,
    partCount: Int = 1, splitFrom: String? = nil, block: String? = nil,
    stored: StoredSummary? = nil
  ) {
    self.id = id
    self.path = path
    self.title = title
    self.operatorType = operatorType
    self.role = role
    self.precisions = precisions
    self.inputEdges = inputEdges
    self.outputEdge = outputEdge
    self.outputShape = outputShape
    self.weightShape = weightShape
    self.parameterCount = parameterCount
    self.multiplyAccumulates = multiplyAccumulates
    self.share = share
    self.partCount = partCount
    self.splitFrom = splitFrom
    self.block = block
    self.stored = stored
  }

  package var hasWeights: Bool { !weightShape.isEmpty }

  package var isQuantizable: Bool { role == .quantizable }
}

/// How a layer of the file is quantized already.
package struct StoredSummary: Equatable, Sendable {
  /// `QDQ`, `QOperator`, `dynamic` or `weight-only`.
  package var format: String
  /// Whether it only turns reals into codes or codes into reals.
  package var isBoundary: Bool
  /// `uint8·int8/c`: codes of the output, then of the weights.
  package var shortForm: String
  /// Of the output; `nil` where that is real or measured at run time.
  package var scale: Float?
  package var zeroPoint: Int32?
  /// The codes' type, for the output.
  package var type: String
  /// `int8, 32 scales, one for each channel`; empty without weights.
  package var weights: String
  /// Least and largest scale of the weights.
  package var weightScale: ClosedRange<Float>?
  /// Whether integer kernels run it; `nil` where nothing has to run or no plan can be made.
  package var runsOnCodes: Bool?

  package init(
    format: String, isBoundary: Bool, shortForm: String, scale: Float?, zeroPoint: Int32?,
    type: String,
    weights: String, weightScale: ClosedRange<Float>?, runsOnCodes: Bool?
  ) {
    self.format = format
    self.isBoundary = isBoundary
    self.shortForm = shortForm
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.type = type
    self.weights = weights
    self.weightScale = weightScale
    self.runsOnCodes = runsOnCodes
  }
}
