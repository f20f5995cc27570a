/// The modules that a layer's name lies in, outermost first; the last is the layer itself.
///
/// `/encoder/0/conv/Conv` is `encoder`, `0`, `conv`, `Conv`; a name without slashes is one module.
/// PyTorch repeats the enclosing names in a module's own (`/stem/stem.0/Conv`); the repeated part
/// is left out, so `/stem/stem.0` and `/stem/0` are the same.
package struct ModulePath: Hashable, Sendable {
  package let components: [String]

  package init(_ name: String) {
    var components: [String] = []
    var previous = ""
    for part in name.split(separator: "/") {
      let isRepeated = !previous.isEmpty && part.hasPrefix(previous + ".")
      components.append(String(isRepeated ? part.dropFirst(previous.count + 1) : part))
      previous = String(part)
    }
    self.components = components.isEmpty ? [name] : components
  }

  private init(components: [String]) { self.components = components }

  /// As rules write it: `/encoder/0`.
  package var text: String { "/" + components.joined(separator: "/") }

  /// Whether `other` is this module or lies in it.
  package func contains(_ other: ModulePath) -> Bool { other.components.starts(with: components) }

  /// The modules around it, outermost first, without itself.
  package var enclosing: [ModulePath] {
    components.indices.dropFirst().map { ModulePath(components: Array(components[..<$0])) }
  }

  /// The module around any of `layers` whose name comes closest to this one's.
  package func nearest(around layers: [ModulePath]) -> ModulePath? {
    let known = Set(layers.flatMap(\.enclosing).map(\.text)).sorted()
    return nearestName(to: text, among: known).map(ModulePath.init)
  }
}
