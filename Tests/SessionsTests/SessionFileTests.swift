import Foundation
import Quantization
import Sessions
import Testing

@Suite struct SessionFileTests {
  private static let isRoot = getuid() == 0

  @Test func writesReadsAndLeavesNothingBeside() throws {
    let folder = try TemporaryFolder()
    let file = SessionFile(path: folder.file("a.octet.json"))
    let session = try SessionSample.full()
    try file.write(session)
    #expect(try file.read() == session)
    #expect(try folder.contents() == ["a.octet.json"])
  }

  @Test func theAutosaveIsHiddenBesideTheSessionAndGoesWhenItIsWritten() throws {
    let folder = try TemporaryFolder()
    let file = SessionFile(path: folder.file("a.octet.json"))
    var session = try SessionSample.full()
    try file.write(session)
    #expect(!file.hasAutosave)
    session.recipe.target = .ort
    try file.writeAutosave(session)
    #expect(try folder.contents() == [".a.octet.json.autosave", "a.octet.json"])
    #expect(file.hasAutosave)
    #expect(try file.read().recipe.target == .x86)
    #expect(try file.readAutosave() == session)
    try file.write(session)
    #expect(try folder.contents() == ["a.octet.json"])
    file.removeAutosave()
    #expect(!file.hasAutosave)
  }

  /// A process that died while writing leaves its temporary file; the session is as it was.
  @Test func leftoversOfAKilledWriteDisturbNobody() throws {
    let folder = try TemporaryFolder()
    let file = SessionFile(path: folder.file("a.octet.json"))
    let session = try SessionSample.full()
    try file.write(session)
    let half = try SessionFile.encode(session, path: file.path).prefix(1000)
    try half.write(to: URL(fileURLWithPath: file.path + ".tmp-1"))
    try half.write(to: URL(fileURLWithPath: file.autosavePath))
    #expect(try file.read() == session)
    #expect(throws: SessionError.self) { try file.readAutosave() }
    #expect(file.hasAutosave)
    try file.write(session)
    #expect(try file.read() == session)
  }

  @Test func aMissingFileIsNamed() {
    let file = SessionFile(path: "/nowhere/at/all.octet.json")
    let error = #expect(throws: SessionError.self) { try file.read() }
    #expect(error?.description.contains("/nowhere/at/all.octet.json") == true)
    #expect(throws: SessionError.self) { try file.readAutosave() }
  }

  @Test func aFolderIsNoSession() throws {
    let folder = try TemporaryFolder()
    #expect(throws: SessionError.self) { try SessionFile(path: folder.path).read() }
    #expect(throws: SessionError.self) {
      try SessionFile(path: folder.path).write(try SessionSample.full())
    }
    #expect(try folder.contents().isEmpty)
  }

  @Test func aFolderThatIsNotThereIsReported() throws {
    let folder = try TemporaryFolder()
    let file = SessionFile(path: folder.file("no/such/folder/a.octet.json"))
    let error = #expect(throws: SessionError.self) { try file.write(try SessionSample.full()) }
    guard case .notWritten = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try folder.contents().isEmpty)
  }

  @Test(.enabled(if: !isRoot, "root writes everywhere"))
  func aReadOnlyFolderKeepsTheOldSession() throws {
    let folder = try TemporaryFolder()
    let file = SessionFile(path: folder.file("a.octet.json"))
    var session = try SessionSample.full()
    try file.write(session)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    }
    session.recipe.target = .ort
    #expect(throws: SessionError.self) { try file.write(session) }
    #expect(try file.read().recipe.target == .x86)
  }

  /// `/dev/full` is a disk without room; a link to it stands for the temporary file.
  @Test func aFullDiskKeepsTheOldSessionAndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let file = SessionFile(path: folder.file("a.octet.json"))
    var session = try SessionSample.full()
    try file.write(session)
    try FileManager.default.createSymbolicLink(
      atPath: file.path + ".tmp-\(getpid())", withDestinationPath: "/dev/full")
    session.recipe.target = .ort
    let error = #expect(throws: SessionError.self) { try file.write(session) }
    #expect(error?.description.contains("No space left on device") == true)
    #expect(error?.description.contains("untouched") == true)
    #expect(try file.read().recipe.target == .x86)
    #expect(try folder.contents() == ["a.octet.json"])
  }
}
