package import Conversion

/// How far one tensor is from another.
package struct ErrorSummary: Codable, Sendable, Equatable {
  /// Signal to error power; infinite when nothing differs.
  package let decibels: Double
  package let cosine: Double
  package let largestError: Double
  package let meanSquaredError: Double

  package init(decibels: Double, cosine: Double, largestError: Double, meanSquaredError: Double) {
    self.decibels = decibels
    self.cosine = cosine
    self.largestError = largestError
    self.meanSquaredError = meanSquaredError
  }
}

extension ErrorSummary {
  private enum Key: String, CodingKey { case decibels, cosine, largestError, meanSquaredError }

  /// JSON has no word for infinity, which tensors without any difference have: it is left out.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Double {
      try container.decodeIfPresent(Double.self, forKey: key) ?? .infinity
    }
    self.init(
      decibels: try number(.decibels), cosine: try number(.cosine),
      largestError: try number(.largestError), meanSquaredError: try number(.meanSquaredError))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (key, value) in [
      (Key.decibels, decibels), (.cosine, cosine), (.largestError, largestError),
      (.meanSquaredError, meanSquaredError),
    ] where value.isFinite {
      try container.encode(value, forKey: key)
    }
  }
}

/// The errors of one layer's output, against the float model on the same data.
package struct LayerError: Codable, Sendable, Equatable {
  package let layer: Layer.ID
  /// With this layer alone quantized; `nil` for a layer that makes no error of its own.
  package var local: ErrorSummary?
  /// With everything quantized, in float arithmetic.
  package var accumulated: ErrorSummary?
  /// With everything quantized, on the int8 kernels.
  package var executed: ErrorSummary?
  /// Largest difference between int8 and simulation, in codes.
  package var codeDifference: Int?

  package init(
    layer: Layer.ID, local: ErrorSummary? = nil, accumulated: ErrorSummary? = nil,
    executed: ErrorSummary? = nil, codeDifference: Int? = nil
  ) {
    self.layer = layer
    self.local = local
    self.accumulated = accumulated
    self.executed = executed
    self.codeDifference = codeDifference
  }
}

/// The errors of one output of the model, and what they do to its answers.
package struct OutputError: Codable, Sendable, Equatable {
  package let output: String
  package var simulated: ErrorSummary
  package var executed: ErrorSummary
  /// Int8 against its simulation.
  package var executedAgainstSimulated: ErrorSummary
  /// Of outputs that rank classes; `nil` for others.
  package var classes: ClassAgreement?
}

/// How often the highest-ranked class is the same, as shares of all samples.
package struct ClassAgreement: Codable, Sendable, Equatable {
  /// Simulated against float.
  package var simulated: Double
  /// Int8 against float.
  package var executed: Double
  /// Int8 against simulated.
  package var executedAgainstSimulated: Double
  /// Where labels exist.
  package var accuracy: Accuracy?
}

/// Shares of samples whose highest-ranked class is the label.
package struct Accuracy: Codable, Sendable, Equatable {
  package var float: Double
  package var simulated: Double
  package var executed: Double
}

/// What quantization does to a model on real data.
package struct ErrorReport: Codable, Sendable, Equatable {
  package var layers: [LayerError]
  package var outputs: [OutputError]
  package var sampleCount: Int

  package init(layers: [LayerError], outputs: [OutputError], sampleCount: Int) {
    self.layers = layers
    self.outputs = outputs
    self.sampleCount = sampleCount
  }
}
