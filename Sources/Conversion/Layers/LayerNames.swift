import Graphs
import Quantization

/// Gives every layer a name that stays the same from run to run.
struct LayerNames {
  private var used: Set<String>
  private let reserved: [Node.ID: String]

  /// - Parameter reserved: names of main nodes that are given already.
  init(reserved: [Node.ID: String] = [:]) {
    self.reserved = reserved
    used = Set(reserved.values)
  }

  /// The name of `node`, made unique by a suffix, and its scopes.
  mutating func claim(_ node: Node) -> (id: String, path: [String]) {
    if let id = reserved[node.id] { return (id, ModulePath(id).components) }
    let base = node.name.isEmpty ? (node.outputs.first { !$0.isEmpty } ?? "layer") : node.name
    var id = base
    var copy = 2
    while !used.insert(id).inserted {
      id = "\(base)#\(copy)"
      copy += 1
    }
    return (id, ModulePath(id).components)
  }
}
