import Graphs

/// Gives every layer a name that stays the same from run to run.
struct LayerNames {
  private var used: Set<String> = []

  /// The name of `node`, made unique by a suffix, and its scopes.
  mutating func claim(_ node: Node) -> (id: String, path: [String]) {
    let base = node.name.isEmpty ? (node.outputs.first { !$0.isEmpty } ?? "layer") : node.name
    var id = base
    var copy = 2
    while !used.insert(id).inserted {
      id = "\(base)#\(copy)"
      copy += 1
    }
    return (id, Self.scopes(of: id))
  }

  /// `/encoder/0/conv/Conv` → `encoder`, `0`, `conv`, `Conv`; a name without slashes is one scope.
  ///
  /// PyTorch repeats the enclosing names in a module's own (`/stem/stem.0/Conv`); the repeated part
  /// is left out.
  static func scopes(of name: String) -> [String] {
    var scopes: [String] = []
    var previous = ""
    for part in name.split(separator: "/") {
      let isRepeated = !previous.isEmpty && part.hasPrefix(previous + ".")
      scopes.append(String(isRepeated ? part.dropFirst(previous.count + 1) : part))
      previous = String(part)
    }
    return scopes.isEmpty ? [name] : scopes
  }
}
