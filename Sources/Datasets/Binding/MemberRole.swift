/// What a member is for, judged by its name alone.
struct MemberRole: Equatable {
  /// Which part of the data it belongs to.
  enum Part: Equatable {
    case calibration, training, validation, test, unnamed
  }

  let part: Part
  /// The name without the words that tell the part, in lower case.
  let base: String

  init(_ name: String) {
    let words = name.lowercased().split { "_-. ".contains($0) }.map(String.init)
    let part = words.first.flatMap { Self.parts[$0] }
    self.part = part ?? .unnamed
    base = (part == nil ? words[...] : words.dropFirst()).joined(separator: "_")
  }

  private static let parts: [String: Part] = [
    "calib": .calibration, "calibration": .calibration, "cal": .calibration,
    "train": .training, "training": .training,
    "val": .validation, "valid": .validation, "validation": .validation, "dev": .validation,
    "test": .test, "eval": .test, "evaluation": .test,
  ]

  /// Whether the name is one that labels usually have.
  var isLabels: Bool { Self.labelNames.contains(base) }

  private static let labelNames: Set<String> = [
    "y", "label", "labels", "target", "targets", "class", "classes",
  ]

  /// Which parts suit a purpose, best first.
  static func preference(_ purpose: DatasetPurpose) -> [Part] {
    switch purpose {
    case .calibration: [.calibration, .training, .unnamed, .validation, .test]
    case .training: [.training, .calibration, .unnamed, .validation, .test]
    case .evaluation: [.test, .validation, .unnamed, .calibration, .training]
    }
  }
}

/// What the data will be used for; it decides between `calib_x`, `train_x` and `test_x`.
package enum DatasetPurpose: String, Codable, Sendable {
  case calibration, training, evaluation
}
