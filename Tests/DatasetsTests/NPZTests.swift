import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct NPZTests {
  @Test(arguments: ["digits.npz", "digits_stored.npz"])
  func listsMembersWithoutReadingThem(name: String) throws {
    let source = try DatasetSource.open(TestData.path(name))
    #expect(
      source.members.map(\.description) == [
        "calib_x float32 12×1×4×4", "calib_y int64 12", "train_x uint8 5×1×4×4", "train_y int64 5",
        "test_x float32 6×1×4×4", "test_y int64 6",
      ])
  }

  @Test func storedAndDeflatedMembersAreTheSame() throws {
    let deflated = try DatasetSource.open(TestData.path("digits.npz"))
    let stored = try DatasetSource.open(TestData.path("digits_stored.npz"))
    for member in deflated.members {
      #expect(try deflated.tensor(member.name) == stored.tensor(member.name))
    }
    #expect(try deflated.tensor("test_y") == Tensor([Int64(0), 1, 2, 0, 1, 2]))
  }

  @Test(arguments: [
    ("bad_cut.npz", "not a sound .npz"), ("bad_not_zip.npz", "not a sound .npz"),
    ("bad_inner.npz", "'x' in bad_inner.npz is truncated"), ("no_arrays.npz", "no .npy member"),
    ("none.npz", "No such file"),
  ])
  func saysWhatIsWrongWithAnArchive(name: String, words: String) {
    let said = message { _ = try DatasetSource.open(TestData.path(name)) }
    #expect(said.contains(words), "\(said)")
  }

  @Test func damagedMembersFailWhenTheyAreRead() throws {
    let source = try DatasetSource.open(TestData.path("bad_damaged.npz"))
    let said = message { _ = try source.tensor("calib_x") }
    #expect(said.contains("calib_x.npy") && said.contains("bad_damaged.npz"), "\(said)")
    #expect(try source.tensor("test_y").elementCount == 6)
  }

  @Test func picklesAreNeverOpened() throws {
    let source = try DatasetSource.open(TestData.path("with_objects.npz"))
    #expect(source.members.map(\.name) == ["x"])
    #expect(source.notes.contains { $0.contains("'meta'") && $0.contains("pickle") })
    #expect(message { _ = try source.tensor("meta") }.contains("A pickle can run code"))
  }

  @Test func aMisspeltMemberIsAnsweredWithTheNearest() throws {
    let source = try DatasetSource.open(TestData.path("digits.npz"))
    #expect(message { _ = try source.tensor("calib_X1") }.contains("Did you mean 'calib_x'?"))
    #expect(message { _ = try source.tensor("pictures") }.contains("'calib_x', 'calib_y'"))
  }

  @Test(arguments: [false, true])
  func whatIsWrittenReadsBack(compressed: Bool) throws {
    try TestData.withFolder { folder in
      let path = folder + "/out.npz"
      let tensors = [
        ("scores", Tensor((0..<1000).map(Float.init), shape: [10, 100])),
        ("größe", Tensor.scalar(Int64(3))), ("empty", Tensor(.uint8, shape: [0])),
        ("names", Tensor(strings: [Array("a".utf8), Array("字".utf8)], shape: [2])),
      ]
      try NPZ.write(tensors.map { (name: $0.0, tensor: $0.1) }, to: path, compressed: compressed)
      let source = try DatasetSource.open(path)
      #expect(source.members.map(\.name) == tensors.map(\.0))
      for (name, tensor) in tensors { #expect(try source.tensor(name) == tensor) }
      let first = try Data(contentsOf: URL(filePath: path))
      try NPZ.write(tensors.map { (name: $0.0, tensor: $0.1) }, to: path, compressed: compressed)
      #expect(try Data(contentsOf: URL(filePath: path)) == first)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.npz"])
    }
  }

  @Test func aFailedWriteLeavesNothingBehind() throws {
    try TestData.withFolder { folder in
      let said = message {
        try NPZ.write([("x", Tensor([Float(1)]))], to: folder + "/none/out.npz")
      }
      #expect(said.contains("none/out.npz"))
      #expect(throws: DatasetError.self) {
        try NPZ.write([("x", Tensor(strings: [[0xff]], shape: [1]))], to: folder + "/out.npz")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }

  @Test func wholeMembersFeedARun() throws {
    let source = try DatasetSource.open(TestData.path("recurrent.npz"))
    let inputs = [
      InputSpecification(name: "input", elementType: .float32, dimensions: [nil, 8]),
      InputSpecification(name: "sr", elementType: .int32, dimensions: []),
    ]
    let (tensors, notes) = try source.wholeInputs(for: inputs)
    #expect(tensors.map(\.name) == ["input", "sr"])
    #expect(tensors[0].tensor.shape == [5, 8])
    #expect(tensors[1].tensor == .scalar(Int32(16000)))
    #expect(notes.contains { $0.contains("cast from int64 to int32") })
    #expect(notes.contains { $0.contains("Not used: 'state'") })
    let missing = [InputSpecification(name: "other", elementType: .float32, dimensions: [1])]
    #expect(message { _ = try source.wholeInputs(for: missing) }.contains("--map other=MEMBER"))
  }
}
