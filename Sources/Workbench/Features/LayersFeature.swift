package import Quantization

/// The Layers tab: a tree or list of layers, their evaluation, and the detail of the selected one.
package struct LayersFeature: Equatable, Sendable {
  package enum Arrangement: Equatable, Sendable { case tree, list }

  package enum SortKey: Int, CaseIterable, Equatable, Sendable {
    case model, name, operations, weightError, activationError

    package var title: String {
      switch self {
      case .model: "model order"
      case .name: "name"
      case .operations: "MACs"
      case .weightError: "weight SQNR"
      case .activationError: "activation SQNR"
      }
    }
  }

  /// What an edit applies to.
  package enum Scope: Int, CaseIterable, Equatable, Sendable {
    case layer, operatorType, all

    package var title: String {
      switch self {
      case .layer: "this layer"
      case .operatorType: "this operator type"
      case .all: "all layers"
      }
    }
  }

  /// Which tensor of a layer an edit changes.
  package enum Side: Equatable, Sendable {
    case activation, weight
    package var title: String { self == .activation ? "activation" : "weight" }
  }

  package enum DetailPage: Int, CaseIterable, Equatable, Sendable {
    case activation, weights, observers, mapping, why

    package var title: String {
      switch self {
      case .activation: "Activation"
      case .weights: "Weights"
      case .observers: "Observers"
      case .mapping: "Mapping"
      case .why: "Why"
      }
    }
  }

  /// One line of the table.
  package enum Row: Equatable, Sendable {
    case scope(path: String, title: String, depth: Int, isFolded: Bool, layers: Int)
    case layer(index: Int, depth: Int)
  }

  package var arrangement = Arrangement.list
  package var sort = SortKey.model
  package var isReversed = false
  package var filter = ""
  package var cursor = ListCursor()
  package var marks: Set<String> = []
  package var folded: Set<String> = []
  package var scope = Scope.layer
  package var side = Side.activation
  package var page = DetailPage.activation
  /// Whether the detail takes the whole screen, as it does after Enter in a narrow terminal.
  package var isDetailOpen = false

  /// By layer id.
  package var evaluations: [String: LayerEvaluation] = [:]
  package var detail: LayerDetail?

  package init() {}

  /// The lines to show, filtered, sorted and folded.
  package func rows(of layers: [LayerSummary]) -> [Row] {
    let matching = layers.indices.filter { matches(layers[$0]) }
    guard arrangement == .tree else {
      return sorted(matching, of: layers).map { .layer(index: $0, depth: 0) }
    }
    return treeRows(matching, of: layers)
  }

  package func matches(_ layer: LayerSummary) -> Bool {
    if filter.isEmpty { return true }
    let needle = filter.lowercased()
    if needle.hasPrefix("!") {
      let rest = String(needle.dropFirst())
      return rest.isEmpty || !haystack(layer).contains(rest)
    }
    return haystack(layer).contains(needle)
  }

  private func haystack(_ layer: LayerSummary) -> String {
    "\(layer.id) \(layer.title) \(layer.outputEdge)".lowercased()
  }

  private func sorted(_ indices: [Int], of layers: [LayerSummary]) -> [Int] {
    func number(_ index: Int) -> Double {
      let evaluation = evaluations[layers[index].id]
      switch sort {
      case .model, .name: return Double(index)
      case .operations: return -Double(layers[index].multiplyAccumulates)
      case .weightError: return evaluation?.weightDecibels ?? .infinity
      case .activationError: return evaluation?.activation?.decibels ?? .infinity
      }
    }
    let ordered =
      sort == .name
      ? indices.sorted { layers[$0].id < layers[$1].id }
      : indices.sorted { (number($0), $0) < (number($1), $1) }
    return isReversed ? ordered.reversed() : ordered
  }

  private func treeRows(_ indices: [Int], of layers: [LayerSummary]) -> [Row] {
    var rows: [Row] = []
    var open: [String] = []
    for index in indices {
      let scopes = layers[index].path.dropLast()
      var shared = 0
      while shared < open.count, shared < scopes.count, open[shared] == scopes[shared] {
        shared += 1
      }
      open = Array(open.prefix(shared))
      var isHidden = false
      for depth in 0..<scopes.count {
        let path = scopes.prefix(depth + 1).joined(separator: "/")
        let isFolded = folded.contains(path)
        if depth >= shared, !isHidden {
          let prefix = Array(scopes.prefix(depth + 1))
          let count = indices.count { layers[$0].path.dropLast().starts(with: prefix) }
          rows.append(
            .scope(
              path: path, title: scopes[depth], depth: depth, isFolded: isFolded, layers: count))
        }
        if isFolded { isHidden = true }
      }
      open = Array(scopes)
      if !isHidden { rows.append(.layer(index: index, depth: scopes.count)) }
    }
    return rows
  }

  /// The selected layer, when the cursor is on one.
  package func selectedLayer(in layers: [LayerSummary]) -> LayerSummary? {
    let rows = rows(of: layers)
    guard rows.indices.contains(cursor.selected),
      case .layer(let index, _) = rows[cursor.selected]
    else { return nil }
    return layers[index]
  }
}
