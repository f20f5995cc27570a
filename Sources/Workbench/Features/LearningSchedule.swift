/// `constant`, `cosine` or `step=EPOCHS:FACTOR`, as settings write the rate's course.
package enum LearningSchedule {
  case constant, cosine
  case steps(epochs: Int, factor: Float)

  package init?(parsing text: String) {
    switch text {
    case "constant": self = .constant
    case "cosine": self = .cosine
    default:
      let parts = text.dropFirst(5).split(separator: ":")
      guard text.hasPrefix("step="), parts.count == 2, let epochs = Int(parts[0]), epochs > 0,
        let factor = Float(parts[1]), factor > 0, factor <= 1
      else { return nil }
      self = .steps(epochs: epochs, factor: factor)
    }
  }

  static func isKnown(_ text: String) -> Bool { LearningSchedule(parsing: text) != nil }
}
