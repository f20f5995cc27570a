/// Changes to a qconfig; `nil` leaves what a wider rule said.
package struct SchemeChange: Hashable, Codable, Sendable {
  package var type: QuantizedType?
  package var symmetry: Symmetry?
  package var granularity: Granularity?
  package var observer: ObserverKind?
  package var reduceRange: Bool?
  package var narrowRange: Bool?
  package var epsilon: Float?
  package var scale: ScaleForm?
  package var groupSize: Int?
  package init() {}
}

package struct QConfigChange: Hashable, Codable, Sendable {
  package var precision: LayerPrecision?
  package var fuse: Bool?
  package var activation = SchemeChange()
  package var weight = SchemeChange()
  package init() {}
}

/// One part of a scheme that rules can set.
package enum SchemeField: String, Hashable, Codable, Sendable, CaseIterable {
  case type, symmetry, granularity, observer, reduceRange, narrowRange, epsilon, scale, groupSize
}

/// One part of a qconfig that rules can set.
package enum QConfigField: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case precision, fuse
  case activation(SchemeField)
  case weight(SchemeField)

  package static let allCases: [QConfigField] =
    [.precision, .fuse] + SchemeField.allCases.map(QConfigField.activation)
    + SchemeField.allCases.map(QConfigField.weight)

  /// As commands write it: `weight.granularity`.
  package var description: String {
    switch self {
    case .precision: "precision"
    case .fuse: "fuse"
    case .activation(let field): "activation.\(field.rawValue)"
    case .weight(let field): "weight.\(field.rawValue)"
    }
  }
}

extension QConfigChange {
  /// What this change sets, in the order of `QConfigField.allCases`.
  package var fields: [QConfigField] {
    (precision == nil ? [] : [.precision]) + (fuse == nil ? [] : [.fuse])
      + activation.fields.map(QConfigField.activation) + weight.fields.map(QConfigField.weight)
  }

  package var isEmpty: Bool { fields.isEmpty }

  /// Takes over what `later` sets.
  package mutating func merge(_ later: QConfigChange) {
    precision = later.precision ?? precision
    fuse = later.fuse ?? fuse
    activation.merge(later.activation)
    weight.merge(later.weight)
  }
}

extension SchemeChange {
  var fields: [SchemeField] {
    SchemeField.allCases.filter { field in
      switch field {
      case .type: type != nil
      case .symmetry: symmetry != nil
      case .granularity: granularity != nil
      case .observer: observer != nil
      case .reduceRange: reduceRange != nil
      case .narrowRange: narrowRange != nil
      case .epsilon: epsilon != nil
      case .scale: scale != nil
      case .groupSize: groupSize != nil
      }
    }
  }

  mutating func merge(_ later: SchemeChange) {
    type = later.type ?? type
    symmetry = later.symmetry ?? symmetry
    granularity = later.granularity ?? granularity
    observer = later.observer ?? observer
    reduceRange = later.reduceRange ?? reduceRange
    narrowRange = later.narrowRange ?? narrowRange
    epsilon = later.epsilon ?? epsilon
    scale = later.scale ?? scale
    groupSize = later.groupSize ?? groupSize
  }
}

extension QConfig {
  /// This qconfig with what `change` sets.
  package mutating func apply(_ change: QConfigChange) {
    precision = change.precision ?? precision
    fuse = change.fuse ?? fuse
    activation.apply(change.activation)
    weight.apply(change.weight)
  }
}

extension TensorScheme {
  /// This scheme with what `change` sets.
  package mutating func apply(_ change: SchemeChange) {
    type = change.type ?? type
    symmetry = change.symmetry ?? symmetry
    granularity = change.granularity ?? granularity
    observer = change.observer ?? observer
    reduceRange = change.reduceRange ?? reduceRange
    narrowRange = change.narrowRange ?? narrowRange
    epsilon = change.epsilon ?? epsilon
    scale = change.scale ?? scale
    groupSize = change.groupSize ?? groupSize
  }
}
