/// What is wrong with a recipe or with a rule someone typed.
package enum RecipeError: Error, Equatable, CustomStringConvertible {
  case badPattern(String)
  case noSelector(String)
  case unknownSelector(String, nearest: String?)
  case noAssignment(String)
  case unknownField(String, nearest: String?)
  case badValue(String, field: String, expected: String)
  /// A field that only layers have.
  case notOfTensors(String)

  package var description: String {
    switch self {
    case .badPattern(let pattern):
      "'\(pattern)' is not a regular expression"
    case .noSelector(let text):
      "'\(text)' names no layers: write SELECTOR:FIELD=VALUE, such as "
        + "op=Conv:weight.granularity=perTensor"
    case .unknownSelector(let text, let nearest):
      "'\(text)' selects nothing\(Self.suggestion(nearest)): use all, op=TYPE, match=REGEX, "
        + "module=PATH, layer=NAME or tensor=NAME"
    case .noAssignment(let text):
      "'\(text)' sets nothing: write FIELD=VALUE"
    case .unknownField(let text, let nearest):
      "there is no field '\(text)'\(Self.suggestion(nearest))"
    case .badValue(let text, let field, let expected):
      "'\(text)' does not fit \(field): use \(expected)"
    case .notOfTensors(let field):
      "'\(field)' is about layers, not tensors: use layer=NAME, module=PATH, op=TYPE or all"
    }
  }

  private static func suggestion(_ nearest: String?) -> String {
    nearest.map { "; did you mean '\($0)'?" } ?? ""
  }
}
