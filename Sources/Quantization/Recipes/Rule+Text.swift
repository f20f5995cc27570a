extension Rule {
  /// Reads a rule as people type it:
  ///
  ///     SELECTOR:FIELD=VALUE[,FIELD=VALUE…]
  ///     layer=/stem/conv/Conv:precision=float32
  ///     op=Conv:weight.granularity=perTensor,activation.observer=percentile(99.99)
  ///
  /// Selectors are `all`, `op=TYPE`, `match=REGEX`, `module=PATH`, `layer=NAME` and `tensor=NAME`;
  /// names may hold colons. Fields are `precision`, `fuse`, and `type`, `symmetry`, `granularity`, `observer`,
  /// `reduceRange`, `narrowRange`, `epsilon`, `scale`, `groupSize`, `bits` of `activation` and `weight`.
  package init(parsing text: String) throws(RecipeError) {
    guard let colon = text.lastIndex(of: ":") else { throw .noSelector(text) }
    let scope = try RuleScope(parsing: String(text[..<colon]))
    var change = QConfigChange()
    let assignments = String(text[text.index(after: colon)...]).splitOutsideParentheses()
    for assignment in assignments {
      let parts = assignment.split(separator: "=", maxSplits: 1).map { String($0).trimmed }
      guard parts.count == 2 else { throw .noAssignment(assignment) }
      try change.set(parts[0], to: parts[1])
    }
    _ = try scope.regex()
    if case .tensor = scope { try change.checkForTensor() }
    self.init(scope, change)
  }

  /// The rule as ``init(parsing:)`` reads it.
  package var text: String {
    var qconfig = Target.x86.fallback
    qconfig.apply(change)
    let assignments = change.fields.map { "\($0)=\(qconfig.text(of: $0))" }
    return "\(scope.text):\(assignments.joined(separator: ","))"
  }
}

extension RuleScope {
  init(parsing text: String) throws(RecipeError) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    let word = parts.first?.trimmed ?? ""
    guard parts.count == 2 else {
      guard word == "all" else {
        throw .unknownSelector(text, nearest: nearestName(to: word, among: Self.selectors))
      }
      self = .global
      return
    }
    switch word {
    case "op": self = .operatorType(parts[1])
    case "match": self = .namePattern(parts[1])
    case "module": self = .module(ModulePath(parts[1].trimmed).text)
    case "layer": self = .layer(parts[1])
    case "tensor": self = .tensor(parts[1])
    default: throw .unknownSelector(word, nearest: nearestName(to: word, among: Self.selectors))
    }
  }

  private static let selectors = ["all", "op", "match", "module", "layer", "tensor"]

  /// As commands write it: `op=Conv`.
  package var text: String {
    switch self {
    case .global: "all"
    case .operatorType(let type): "op=\(type)"
    case .namePattern(let pattern): "match=\(pattern)"
    case .module(let path): "module=\(path)"
    case .layer(let name): "layer=\(name)"
    case .tensor(let name): "tensor=\(name)"
    }
  }
}

extension RuleScope: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      try self.init(parsing: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension QConfigChange {
  /// Throws for what only layers have: a tensor is real or in codes.
  fileprivate func checkForTensor() throws(RecipeError) {
    if fuse != nil { throw .notOfTensors("fuse") }
    if let precision, precision != .staticInt8, precision != .float32 {
      throw .badValue(precision.word, field: "precision of a tensor", expected: "int8 or float32")
    }
  }

  /// Sets a field by its name.
  package mutating func set(_ field: String, to value: String) throws(RecipeError) {
    if field == "fuse" {
      fuse = try SchemeChange.flag(value, field)
      return
    }
    if field == "precision" {
      switch value {
      case "int8", "static", "staticInt8": precision = .staticInt8
      case "dynamic", "dynamicInt8": precision = .dynamicInt8
      case "weightOnly", "weight-only", "weights": precision = .weightOnly
      case "float32", "fp32", "float": precision = .float32
      default:
        throw .badValue(value, field: field, expected: "int8, dynamic, weightOnly or float32")
      }
      return
    }
    let parts = field.split(separator: ".", maxSplits: 1).map(String.init)
    switch parts.first {
    case "activation" where parts.count == 2: try activation.set(parts[1], to: value, of: field)
    case "weight" where parts.count == 2: try weight.set(parts[1], to: value, of: field)
    default:
      // A bare scheme field most likely lacks which of the two it is about.
      let isBare = SchemeField(rawValue: field) != nil
      let names = QConfigField.allCases.map(\.description)
      throw .unknownField(
        field, nearest: isBare ? "weight.\(field)" : nearestName(to: field, among: names))
    }
  }
}

extension SchemeChange {
  fileprivate mutating func set(
    _ name: String, to value: String, of field: String
  ) throws(RecipeError) {
    if name == "bits" {
      guard value == "7" || value == "8" else {
        throw .badValue(value, field: field, expected: "7 or 8")
      }
      reduceRange = value == "7"
      return
    }
    guard let known = SchemeField(rawValue: name) else {
      let part = String(field.prefix { $0 != "." })
      let nearest = nearestName(to: name, among: SchemeField.allCases.map(\.rawValue))
      throw .unknownField(field, nearest: nearest.map { "\(part).\($0)" })
    }
    switch known {
    case .type: type = try Self.choice(value, field)
    case .symmetry: symmetry = try Self.choice(value, field)
    case .granularity: granularity = try Self.choice(value, field)
    case .scale: scale = try Self.choice(value, field)
    case .observer: observer = try ObserverKind(parsing: value, field: field)
    case .reduceRange: reduceRange = try Self.flag(value, field)
    case .narrowRange: narrowRange = try Self.flag(value, field)
    case .groupSize:
      guard let size = Int(value), size == 0 || (16...1 << 20).contains(size) else {
        throw .badValue(value, field: field, expected: "0 for none, or 16 and more")
      }
      groupSize = size
    case .epsilon:
      guard let number = Float(value), number.isFinite, number > 0 else {
        throw .badValue(value, field: field, expected: "a number above 0")
      }
      epsilon = number
    }
  }

  /// `per-tensor`, `per_tensor` and `PerTensor` all mean `perTensor`.
  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ value: String, _ field: String
  ) throws(RecipeError) -> Choice where Choice.RawValue == String {
    let wanted = value.lowercased().filter { $0 != "-" && $0 != "_" }
    guard let choice = Choice.allCases.first(where: { $0.rawValue.lowercased() == wanted }) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: " or ")
      throw .badValue(value, field: field, expected: names)
    }
    return choice
  }

  fileprivate static func flag(_ value: String, _ field: String) throws(RecipeError) -> Bool {
    switch value {
    case "true", "yes", "on", "1": return true
    case "false", "no", "off", "0": return false
    default: throw .badValue(value, field: field, expected: "true or false")
    }
  }
}
