package import Quantization

/// What quantization loses, layer by layer and at the output.
package struct ErrorTable: Equatable, Sendable, Codable {
  package struct Row: Equatable, Sendable, Codable, Identifiable {
    package var id: String
    package var weightDecibels: Double?
    package var predictedDecibels: Double?
    /// Share of the predicted noise that is rounding, 0...1; the rest is clipping.
    package var roundingShare: Double?
    /// Only this layer quantized.
    package var localDecibels: Double?
    /// Everything quantized, on the int8 kernels.
    package var accumulatedDecibels: Double?
    package var cosine: Double?
    package var largestError: Double?

    package init(
      id: String, weightDecibels: Double? = nil, predictedDecibels: Double? = nil,
      roundingShare: Double? = nil, localDecibels: Double? = nil,
      accumulatedDecibels: Double? = nil, cosine: Double? = nil, largestError: Double? = nil
    ) {
      self.id = id
      self.weightDecibels = weightDecibels
      self.predictedDecibels = predictedDecibels
      self.roundingShare = roundingShare
      self.localDecibels = localDecibels
      self.accumulatedDecibels = accumulatedDecibels
      self.cosine = cosine
      self.largestError = largestError
    }
  }

  /// The model's output against float, in the executed int8 form and simulated.
  package struct Output: Equatable, Sendable, Codable {
    package var samples: Int
    package var int8Decibels: Double?
    package var simulatedDecibels: Double?
    /// Share of samples with the same largest output, 0...1.
    package var topOneAgreement: Double?
    package var floatAccuracy: Double?
    package var int8Accuracy: Double?

    package init(
      samples: Int, int8Decibels: Double? = nil, simulatedDecibels: Double? = nil,
      topOneAgreement: Double? = nil, floatAccuracy: Double? = nil, int8Accuracy: Double? = nil
    ) {
      self.samples = samples
      self.int8Decibels = int8Decibels
      self.simulatedDecibels = simulatedDecibels
      self.topOneAgreement = topOneAgreement
      self.floatAccuracy = floatAccuracy
      self.int8Accuracy = int8Accuracy
    }
  }

  package var rows: [Row]
  package var output: Output
  package var advice: [AdviceSummary]

  package init(rows: [Row], output: Output, advice: [AdviceSummary]) {
    self.rows = rows
    self.output = output
    self.advice = advice
  }
}

/// A suggestion with the rule that carries it out.
package struct AdviceSummary: Equatable, Sendable, Codable {
  package var layer: String?
  package var title: String
  package var detail: String
  /// Predicted gain of the layer's signal to noise, decibels.
  package var gainDecibels: Double?
  package var rule: Rule
  package init(
    layer: String?, title: String, detail: String, gainDecibels: Double?, rule: Rule
  ) {
    self.layer = layer
    self.title = title
    self.detail = detail
    self.gainDecibels = gainDecibels
    self.rule = rule
  }
}

/// The output's signal to noise when only one layer is quantized.
package struct SensitivityRow: Equatable, Sendable, Codable {
  package var layer: String
  package var outputDecibels: Double
  package init(layer: String, outputDecibels: Double) {
    self.layer = layer
    self.outputDecibels = outputDecibels
  }
}
