/// What the exported model would lose in ONNX Runtime on AVX2 without VNNI, whose int8 kernels add
/// two products in 16 bits and saturate.
package struct SaturationSummary: Equatable, Sendable, Encodable {
  package struct Layer: Equatable, Sendable, Encodable {
    package var layer: String
    /// Sums of two products.
    package var pairs: Int
    package var saturated: Int
    package init(layer: String, pairs: Int, saturated: Int) {
      self.layer = layer
      self.pairs = pairs
      self.saturated = saturated
    }
  }

  /// What was computed with the remedy in place.
  package struct Remedy: Equatable, Sendable, Encodable {
    /// Ready for `--set`.
    package var rule: String
    package var saturated: Int
    /// Of the first output on those kernels, against float.
    package var outputDecibels: Double?
    package init(rule: String, saturated: Int, outputDecibels: Double?) {
      self.rule = rule
      self.saturated = saturated
      self.outputDecibels = outputDecibels
    }
  }

  package var samples: Int
  package var pairs: Int
  package var saturated: Int
  /// Those that saturate, most sums first.
  package var layers: [Layer]
  /// Of the first output against float, on exact kernels and on those; `nil` for outputs that hold
  /// no reals.
  package var exactDecibels: Double?
  package var saturatingDecibels: Double?
  /// `nil` where nothing saturates.
  package var remedy: Remedy?

  package init(
    samples: Int, pairs: Int, saturated: Int, layers: [Layer], exactDecibels: Double?,
    saturatingDecibels: Double?, remedy: Remedy? = nil
  ) {
    self.samples = samples
    self.pairs = pairs
    self.saturated = saturated
    self.layers = layers
    self.exactDecibels = exactDecibels
    self.saturatingDecibels = saturatingDecibels
    self.remedy = remedy
  }
}

extension SaturationSummary {
  private static let place = "ONNX Runtime on AVX2 without VNNI"

  /// One sentence, or two with what to do.
  package var text: String {
    guard saturated > 0 else {
      return "Saturation in \(Self.place): none, of \(Numbers.count(pairs)) sums."
    }
    let named = layers.prefix(3).map { layer in
      "\(layer.layer) \(Numbers.percent(Double(layer.saturated) / Double(layer.pairs)))"
    }
    let rest = layers.count - named.count
    var text =
      "Saturation in \(Self.place): \(Numbers.count(saturated)) of \(Numbers.count(pairs)) sums, in"
      + " \(named.joined(separator: ", "))\(rest > 0 ? " and \(rest) more" : "")"
    if let saturatingDecibels, let exactDecibels {
      text +=
        "; the output has \(Numbers.decibelText(saturatingDecibels)) there instead of"
        + " \(Numbers.decibelText(exactDecibels))"
    }
    return text + "." + advice
  }

  /// For a line that is seen at once.
  package var brief: String {
    guard let saturatingDecibels, let exactDecibels else {
      return "\(Self.place) saturates \(Numbers.count(saturated)) sums."
    }
    return "\(Self.place) saturates: \(Numbers.decibelText(saturatingDecibels)) instead of"
      + " \(Numbers.decibelText(exactDecibels))."
  }

  private var advice: String {
    guard let remedy, remedy.saturated == 0 else {
      return " Unsigned weights avoid it, and so do int8 activations in operators on codes:"
        + " --target ort_s8s8 --format qoperator."
    }
    let decibels = remedy.outputDecibels.map { ", \(Numbers.decibelText($0))" } ?? ""
    return " Remedy: weights of 7 bits (reduce_range), --set \(remedy.rule)\(decibels); or int8"
      + " activations in operators on codes, --target ort_s8s8 --format qoperator."
  }
}
