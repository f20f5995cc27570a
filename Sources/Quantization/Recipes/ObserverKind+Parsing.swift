extension ObserverKind {
  /// Reads `minMax`, `movingAverage(0.01)`, `histogram`, `percentile(99.99)`, `entropy`, `mse`,
  /// `fixed(0.0039;0)` or `manual(-1;6)`, and refuses what could not work.
  package init(parsing text: String, field: String = "observer") throws(RecipeError) {
    guard let kind = ObserverKind(form: text) else {
      throw .badValue(text, field: field, expected: Self.forms)
    }
    switch kind {
    case .movingAverageMinMax(let constant) where !(constant > 0 && constant <= 1):
      throw .badValue(text, field: field, expected: "a constant above 0, at most 1")
    case .percentile(let percent) where !(percent > 50 && percent <= 100):
      throw .badValue(text, field: field, expected: "a percentile above 50, at most 100")
    case .fixed(let scale, let zeroPoint)
    where !(scale > 0 && scale.isFinite && (0...255).contains(zeroPoint)):
      throw .badValue(
        text, field: field, expected: "fixed(S;Z) with a scale above 0, zero point 0...255")
    case .manual(let lower, let upper) where !(lower < upper && (upper - lower).isFinite):
      throw .badValue(text, field: field, expected: "manual(LOWER;UPPER), the lower one first")
    default: self = kind
    }
  }

  /// Reads the form alone, so that a session always loads, whatever was set in it by hand.
  fileprivate init?(form text: String) {
    let name = text.prefix { $0 != "(" }.lowercased().filter { $0 != "-" && $0 != "_" }
    guard let arguments = Self.arguments(of: text) else { return nil }
    switch (name, arguments.count) {
    case ("minmax", 0): self = .minMax
    case ("movingaverage", 0), ("ema", 0):
      self = .movingAverageMinMax(constant: MovingRange.defaultConstant)
    case ("movingaverage", 1), ("ema", 1):
      self = .movingAverageMinMax(constant: Float(arguments[0]))
    case ("histogram", 0): self = .histogram
    case ("percentile", 0): self = .percentile(Self.defaultPercentile)
    case ("percentile", 1): self = .percentile(arguments[0])
    case ("entropy", 0): self = .entropy
    case ("mse", 0): self = .meanSquaredError
    case ("fixed", 2):
      guard let zeroPoint = Int32(exactly: arguments[1]) else { return nil }
      self = .fixed(scale: Float(arguments[0]), zeroPoint: zeroPoint)
    case ("manual", 2): self = .manual(lower: Float(arguments[0]), upper: Float(arguments[1]))
    default: return nil
    }
  }

  private static let forms =
    "minMax, movingAverage(C), histogram, percentile(P), entropy, mse, fixed(S;Z) or manual(L;U)"

  /// The numbers in parentheses, separated by semicolons or commas.
  private static func arguments(of text: String) -> [Double]? {
    guard let open = text.firstIndex(of: "(") else { return [] }
    guard text.last == ")" else { return nil }
    var numbers: [Double] = []
    for part in text[text.index(after: open)...].dropLast().split(whereSeparator: {
      $0 == ";" || $0 == ","
    }) {
      guard let number = Double(String(part).trimmed) else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}

extension ObserverKind: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let kind = ObserverKind(form: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text)' is no observer: use \(Self.forms)")
    }
    self = kind
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension String {
  /// Without spaces at both ends.
  var trimmed: String {
    let start = drop { $0 == " " || $0 == "\t" }
    guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return String(start[...last])
  }

  /// The parts between commas that stand outside parentheses.
  func splitOutsideParentheses() -> [String] {
    var parts = [""]
    var depth = 0
    for character in self {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == "," && depth <= 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }
}
