/// Applies a recipe to layers, remembering which rule set what.
///
/// The target's rules and the recipe's share one ladder: global < operator type < name pattern <
/// module < layer < tensor. On one rung the recipe comes after the target and later rules win,
/// except among patterns, where for each field the first that matches wins, and among modules,
/// where inner ones win over outer ones, as in PyTorch.
package struct RecipeResolver {
  private struct Candidate {
    let source: RuleSource
    let rule: Rule
    let pattern: Regex<AnyRegexOutput>?
    let module: ModulePath?

    var depth: Int { module?.components.count ?? 0 }

    func matches(
      layer: String, operatorType: String, blocks: [String] = [], tensor: String?
    ) -> Bool {
      switch rule.scope {
      case .global: true
      case .operatorType(let type): type == operatorType || blocks.contains(type)
      case .namePattern: pattern.map { layer.wholeMatch(of: $0) != nil } ?? false
      case .module: module?.contains(ModulePath(layer)) ?? false
      case .layer(let name): name == layer
      case .tensor(let name): name == tensor
      }
    }
  }

  private let recipe: Recipe
  /// From the weakest to the strongest.
  private let ladder: [Candidate]

  /// - Throws: `RecipeError.badPattern` when a rule's pattern is not a regular expression.
  package init(_ recipe: Recipe) throws(RecipeError) {
    self.recipe = recipe
    let defaults = recipe.target.defaults.map { (RuleSource.target(recipe.target, $0.scope), $0) }
    let own = recipe.rules.enumerated().map {
      (RuleSource.recipe(number: $0.offset + 1, $0.element.scope), $0.element)
    }
    var candidates: [Candidate] = []
    for (source, rule) in defaults + own {
      candidates.append(
        Candidate(
          source: source, rule: rule, pattern: try rule.scope.regex(), module: rule.scope.module))
    }
    ladder = (0...RuleScope.highestRung).flatMap { rung in
      let here = candidates.filter { $0.rule.scope.rung == rung }
      switch rung {
      case RuleScope.patternRung: return Array(here.reversed())
      case RuleScope.moduleRung: return Self.outermostFirst(here)
      default: return here
      }
    }
  }

  /// By depth; modules of one depth keep their order.
  private static func outermostFirst(_ candidates: [Candidate]) -> [Candidate] {
    candidates.enumerated().sorted {
      ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset)
    }.map(\.element)
  }

  /// How one layer, or one tensor of it, is quantized: `operatorType` is that of its main node, such
  /// as `Conv`, `blocks` are names of what it spells out together with others, such as `Attention`;
  /// `tensor` is the value's name when asking for one edge.
  package func resolve(
    layer: String, operatorType: String, blocks: [String] = [], tensor: String? = nil
  ) -> ResolvedQConfig {
    var qconfig = recipe.target.fallback
    var provenance: [QConfigField: Provenance] = [:]
    for candidate in ladder
    where candidate.matches(
      layer: layer, operatorType: operatorType, blocks: blocks, tensor: tensor)
    {
      qconfig.apply(candidate.rule.change)
      for field in candidate.rule.change.fields {
        let overridden = provenance[field].map { $0.overridden + [$0.source] } ?? []
        provenance[field] = Provenance(source: candidate.source, overridden: overridden)
      }
    }
    return ResolvedQConfig(qconfig: qconfig, provenance: provenance)
  }

  /// The recipe's rules that concern none of these.
  package func unmatchedRules(
    layers: [(name: String, operatorType: String)], blocks: Set<String> = [],
    tensors: [String] = []
  ) -> [UnmatchedRule] {
    ladder.compactMap { candidate -> UnmatchedRule? in
      guard case .recipe(let number, let scope) = candidate.source else { return nil }
      let isMatched: Bool
      let nearest: String?
      switch scope {
      case .global: return nil
      case .tensor(let name):
        isMatched = tensors.contains(name)
        nearest = isMatched ? nil : nearestName(to: name, among: tensors)
      case .layer(let name):
        isMatched = layers.contains { $0.name == name }
        nearest = isMatched ? nil : nearestName(to: name, among: layers.map(\.name))
      case .operatorType(let type):
        let types = layers.map(\.operatorType) + blocks.sorted()
        isMatched = types.contains(type)
        nearest = isMatched ? nil : nearestName(to: type, among: types)
      case .namePattern:
        isMatched = layers.contains {
          candidate.matches(layer: $0.name, operatorType: "", tensor: nil)
        }
        nearest = nil
      case .module(let path):
        let paths = layers.map { ModulePath($0.name) }
        isMatched = paths.contains { candidate.module?.contains($0) ?? false }
        nearest = isMatched ? nil : ModulePath(path).nearest(around: paths)?.text
      }
      return isMatched ? nil : UnmatchedRule(number: number, scope: scope, nearest: nearest)
    }.sorted { $0.number < $1.number }
  }
}

extension RuleScope {
  static let patternRung = 2
  static let moduleRung = 3
  static let highestRung = 5

  var rung: Int {
    switch self {
    case .global: 0
    case .operatorType: 1
    case .namePattern: Self.patternRung
    case .module: Self.moduleRung
    case .layer: 4
    case .tensor: Self.highestRung
    }
  }

  /// The module it speaks of; `nil` for other scopes.
  package var module: ModulePath? {
    if case .module(let path) = self { ModulePath(path) } else { nil }
  }

  /// The compiled pattern; `nil` for other scopes.
  func regex() throws(RecipeError) -> Regex<AnyRegexOutput>? {
    guard case .namePattern(let pattern) = self else { return nil }
    do {
      return try Regex(pattern)
    } catch {
      throw .badPattern(pattern)
    }
  }
}

/// A rule of a recipe that matches nothing in the model.
package struct UnmatchedRule: Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1, as people do.
  package let number: Int
  package let scope: RuleScope
  /// The name in the model that comes closest.
  package let nearest: String?

  /// Where it stands in `Recipe.rules`.
  package var index: Int { number - 1 }

  package var description: String {
    "rule \(number) (\(scope.text)) matches nothing in this model"
      + (nearest.map { "; did you mean '\($0)'?" } ?? "")
  }
}
