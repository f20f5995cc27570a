package import Conversion
package import Quantization

/// Something worth doing to a recipe, and what it should bring.
package struct Advice: Sendable, Equatable, Identifiable {
  package enum Kind: String, Sendable, CaseIterable {
    case observer, perChannel, keepFloat, fullRange, weights, data, coverage
  }

  package let kind: Kind
  /// `nil` when it concerns the whole model.
  package let layer: Layer.ID?
  /// What was seen and what to do, in a sentence or two.
  package let text: String
  /// Decibels at the layer concerned; `nil` where there is no telling.
  package let predictedGain: Double?
  /// What applies it; empty when it takes a person.
  package let rules: [Rule]

  package var id: String { "\(kind.rawValue) \(layer ?? "")" }
}
