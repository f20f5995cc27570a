import Cells
import Foundation
import Testing

/// Compares a screen with the text recorded under `Snapshots`: the characters, and below them the
/// letters of the styles.
func expectSnapshot(
  _ buffer: CellBuffer, named name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Snapshots/\(name).\(buffer.width)x\(buffer.height).txt")
  let found = buffer.text + "\n\n" + buffer.styleText + "\n"
  if ProcessInfo.processInfo.environment["OCTET_RECORD_SNAPSHOTS"] != nil {
    try found.write(to: file, atomically: true, encoding: .utf8)
    return
  }
  let expected = try String(contentsOf: file, encoding: .utf8)
  #expect(
    found == expected, "\(name) looks different; make snapshots records it anew",
    sourceLocation: sourceLocation)
}
