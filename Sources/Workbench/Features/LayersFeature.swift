import Quantization

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
    /// The selected layer, module or marked layers.
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
    case activation, weights, observers, mapping, graph, speed, why

    package var title: String {
      switch self {
      case .activation: "Activation"
      case .weights: "Weights"
      case .observers: "Observers"
      case .mapping: "Mapping"
      case .graph: "Graph"
      case .speed: "Speed"
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
  package var outline: LayerOutline?

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

  /// Scopes and layers in model order. A scope that holds one layer only is part of its name.
  private func treeRows(_ indices: [Int], of layers: [LayerSummary]) -> [Row] {
    var counts: [String: Int] = [:]
    for index in indices {
      for path in scopePaths(layers[index]) { counts[path, default: 0] += 1 }
    }
    var rows: [Row] = []
    var open: [String] = []
    for index in indices {
      let scopes = scopePaths(layers[index]).filter { counts[$0, default: 0] > 1 }
      let shared = zip(open, scopes).prefix { $0 == $1 }.count
      let isHidden = scopes.prefix(shared).contains(where: folded.contains)
      var hidden = isHidden
      for (depth, path) in scopes.enumerated().dropFirst(shared) where !hidden {
        hidden = folded.contains(path)
        let parent = depth > 0 ? scopes[depth - 1].count + 1 : 0
        rows.append(
          .scope(
            path: path, title: String(path.dropFirst(parent)), depth: depth, isFolded: hidden,
            layers: counts[path, default: 0]))
      }
      open = scopes
      if !hidden, !scopes.contains(where: folded.contains) {
        rows.append(.layer(index: index, depth: scopes.count))
      }
    }
    return rows
  }

  /// `encoder`, `encoder/0`, … for a layer inside them.
  private func scopePaths(_ layer: LayerSummary) -> [String] {
    let scopes = layer.path.dropLast()
    return scopes.indices.map { scopes[...$0].joined(separator: "/") }
  }

  /// What a layer is called below the scopes that the tree shows.
  package func name(of layer: LayerSummary, in rows: [Row]) -> String {
    guard arrangement == .tree else { return layer.id }
    let titles = rows.compactMap { row -> String? in
      guard case .scope(let path, _, _, _, _) = row else { return nil }
      return layer.path.joined(separator: "/").hasPrefix(path + "/") ? path : nil
    }
    let longest = titles.max { $0.count < $1.count } ?? ""
    let whole = layer.path.joined(separator: "/")
    return longest.isEmpty ? whole : String(whole.dropFirst(longest.count + 1))
  }

  /// Layers below the scope at `path`, such as `encoder/0`, in model order.
  package func layers(
    inScope path: String, of layers: [LayerSummary]
  ) -> [LayerSummary] {
    layers.filter { $0.path.joined(separator: "/").hasPrefix(path + "/") }
  }

  /// The path of the selected scope, such as `encoder/0`, when the cursor is on one.
  package func selectedScope(in layers: [LayerSummary]) -> String? {
    let rows = rows(of: layers)
    guard rows.indices.contains(cursor.selected),
      case .scope(let path, _, _, _, _) = rows[cursor.selected]
    else { return nil }
    return path
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
