import Foundation
import Quantization
import Sessions
import Testing

@Suite struct SessionDocumentTests {
  private func decode(_ text: String) throws(SessionError) -> Session {
    try SessionFile.decode(Data(text.utf8), path: "s.json")
  }

  @Test func everythingComesBackEqual() throws {
    let session = try SessionSample.full()
    let data = try SessionFile.encode(session, path: "s.json")
    #expect(try SessionFile.decode(data, path: "s.json") == session)
  }

  @Test func trainingsComeBackEqualUnderANewerVersion() throws {
    let session = try SessionSample.trained()
    let data = try SessionFile.encode(session, path: "s.json")
    let read = try SessionFile.decode(data, path: "s.json")
    #expect(read == session && read.version == 2)
    #expect(read.trainings?.first?.settings.rate == 0.0005)
    // Older programs would convert with the file's own weights.
    #expect(try SessionSample.full().version == 1)
  }

  @Test func pathsOfATrainingAreMovedTogether() throws {
    let record = try #require(try SessionSample.trained().unfinishedTraining)
    let moved = record.placing { "/root/" + $0 }
    #expect(moved.data.path == "/root/data/train.npz" && moved.checkpoint == "/root//state/x.npz")
    var random = record
    random.data.path = ""
    #expect(random.placing { "/root/" + $0 }.data.path.isEmpty)
  }

  @Test func writingTwiceGivesTheSameBytes() throws {
    let session = try SessionSample.full()
    let first = try SessionFile.encode(session, path: "s.json")
    let second = try SessionFile.encode(
      try SessionFile.decode(first, path: "s.json"), path: "s.json")
    #expect(first == second)
  }

  /// The statistics answer every observer as they did before they were written.
  @Test(arguments: ObserverKind.comparable)
  func statisticsChooseTheSameRangeAfterReading(observer: ObserverKind) throws {
    let session = try SessionSample.full()
    let data = try SessionFile.encode(session, path: "s.json")
    let read = try #require(try SessionFile.decode(data, path: "s.json").statistics?.edges["x"])
    let written = try #require(session.statistics?.edges["x"])
    let scheme = TensorScheme(type: .quint8, symmetry: .affine, observer: observer)
    #expect(try read.choice(for: scheme) == written.choice(for: scheme))
    #expect(read.nonFiniteCount == 2)
  }

  @Test func peopleCanReadIt() throws {
    let text = String(
      decoding: try SessionFile.encode(try SessionSample.full(), path: "s.json"), as: UTF8.self)
    for line in [
      "\"format\" : \"octet session\"", "\"version\" : 1", "\"path\" : \"data/calib.npz\"",
      "größer als erwartet",
    ] {
      #expect(text.contains(line))
    }
  }

  @Test func aNewerFormatIsRefusedByName() throws {
    let text = #"{"format": "octet session", "version": 99, "future": {}}"#
    let error = #expect(throws: SessionError.self) { try self.decode(text) }
    #expect(error == .newerFormat(path: "s.json", found: 99, newest: Session.currentVersion))
    #expect(error?.description.contains("newer octet") == true)
  }

  @Test(arguments: [0, -1]) func aFormatThatNeverWasIsNotCalledNewer(version: Int) throws {
    let text = #"{"format": "octet session", "version": \#(version)}"#
    let error = #expect(throws: SessionError.self) { try self.decode(text) }
    if case .newerFormat = error { Issue.record("version \(version) is not newer") }
  }

  @Test(arguments: [
    "", "{", "[]", "null", "{}", "hello", #"{"format": "other", "version": 1}"#,
    #"{"format": "octet session"}"#, #"{"format": "octet session", "version": "1"}"#,
    #"{"format": "octet session", "version": 1}"#,
    #"{"format": "octet session", "version": 1, "tool": 3}"#,
  ]) func whatIsNotASessionIsRefused(text: String) {
    let error = #expect(throws: SessionError.self) { try self.decode(text) }
    guard case .notASession = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// Cut anywhere, it is refused, never half-read.
  @Test func aTruncatedSessionIsRefused() throws {
    let data = try SessionFile.encode(try SessionSample.full(), path: "s.json")
    for share in 1..<40 {
      let cut = data.prefix(data.count * share / 40)
      #expect(throws: SessionError.self) { try SessionFile.decode(Data(cut), path: "s.json") }
    }
  }

  @Test func damagedStatisticsAreRefusedAndNamed() throws {
    let data = try SessionFile.encode(try SessionSample.full(), path: "s.json")
    var document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    var statistics = try #require(document["statistics"] as? [String: Any])
    statistics["edges"] = ["x": ["elementCount": "many"]]
    document["statistics"] = statistics
    let damaged = try JSONSerialization.data(withJSONObject: document)
    let error = #expect(throws: SessionError.self) {
      try SessionFile.decode(damaged, path: "s.json")
    }
    #expect(
      error?.description.contains("statistics.edges.x") == true, "\(String(describing: error))")
  }
}
