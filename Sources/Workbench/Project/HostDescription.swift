import Foundation

/// This program's version, as sessions and `--version` name it.
package enum Version {
  package static let current = "0.1.0"
}

/// What this host calls itself.
package enum HostDescription {
  /// The processor's model name, or the architecture where it has none.
  package static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      if let colon = line.firstIndex(of: ":") {
        return String(line[line.index(after: colon)...]).trimmed
      }
    }
    #if arch(arm64)
      return "arm64"
    #else
      return "x86-64"
    #endif
  }
}
