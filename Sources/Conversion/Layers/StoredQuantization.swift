package import Tensors

/// How a layer of the file is quantized already.
package struct StoredQuantization: Hashable, Sendable {
  package enum Format: String, Hashable, Sendable {
    /// QuantizeLinear and DequantizeLinear around a float operator.
    case qdq = "QDQ"
    /// An operator on codes.
    case qoperator = "QOperator"
    /// Scale and zero point of the input are measured at every run.
    case dynamic
    /// Only the weights are codes; the arithmetic is float.
    case weightOnly = "weight-only"
  }

  /// The map of codes with one scale.
  package struct Map: Hashable, Sendable {
    package let type: ElementType
    package let scale: Float
    package let zeroPoint: Int32

    package init(type: ElementType, scale: Float, zeroPoint: Int32) {
      self.type = type
      self.scale = scale
      self.zeroPoint = zeroPoint
    }
  }

  /// Weights stored as codes.
  package struct Weights: Hashable, Sendable {
    package let type: ElementType
    package let elementCount: Int
    package let shape: Shape
    package let scaleCount: Int
    /// How many neighbours share a scale; `nil` where a tensor or a channel does.
    package let blockSize: Int?
    package let scales: ClosedRange<Float>
  }

  package let format: Format
  /// Whether the layer only turns reals into codes or codes into reals.
  package let isBoundary: Bool
  /// Of what the layer makes; `nil` where that is real or its map is measured at run time.
  package var output: Map?
  package var weights: Weights?

  package init(
    format: Format, isBoundary: Bool = false, output: Map? = nil, weights: Weights? = nil
  ) {
    self.format = format
    self.isBoundary = isBoundary
    self.output = output
    self.weights = weights
  }

  /// `uint8·int8/c`: codes of the output, then of the weights with one scale per tensor, channel
  /// or block.
  package var shortForm: String {
    var parts: [String] = []
    switch format {
    case .dynamic: parts.append("dynamic")
    case .weightOnly: parts.append("float")
    case .qdq, .qoperator: parts.append(output?.type.description ?? "float")
    }
    if let weights {
      let grain = weights.blockSize.map { "/\($0)" } ?? (weights.scaleCount > 1 ? "/c" : "/t")
      parts.append(weights.type.description + grain)
    }
    return parts.joined(separator: "·")
  }

  /// Why the layer is not quantized again.
  package var reason: String {
    var text =
      isBoundary
      ? "it is where codes begin or end, \(format.rawValue)"
      : "already quantized, \(format.rawValue)"
    if let output {
      text += ": \(output.type) codes with S \(output.scale) and Z \(output.zeroPoint)"
    }
    if let weights {
      text += output == nil ? ": " : ", "
      text += "\(weights.type) weights with \(weights.granularity)"
    }
    return text
  }
}

extension StoredQuantization.Weights {
  package var granularity: String {
    if let blockSize { return "\(scaleCount) scales, one for every \(blockSize) weights" }
    return scaleCount == 1 ? "one scale" : "\(scaleCount) scales, one for each channel"
  }
}
