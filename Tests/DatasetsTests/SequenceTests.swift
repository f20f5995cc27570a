import Tensors
import Testing

@testable import Datasets

/// Which samples are steps of one sequence, and how recordings are cut into steps.
@Suite struct SequenceTests {
  private func dataset(
    _ arrays: [String: Tensor], input extents: Int?..., map: String? = nil,
    preprocess: String = "", folder: String, states: [StateLink]? = nil, batch: Int = 1,
    seed: UInt64? = nil
  ) throws -> Dataset {
    let path = folder + "/data.npz"
    try NPZ.write(arrays.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: path)
    var options = DatasetOptions(
      seed: seed, batchSize: batch,
      states: states ?? [StateLink(input: "state", output: "next")])
    if let map { options.mapping = ["input": map] }
    options.preprocessing = try Preprocessing(parsing: preprocess)
    let input = InputSpecification(name: "input", elementType: .float32, dimensions: extents)
    return try Dataset(try DatasetSource.open(path), inputs: [input], options: options)
  }

  private func starts(_ dataset: Dataset) -> [Int] {
    (0..<dataset.batchCount).filter(dataset.startsSequence)
  }

  private func counting(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.elementCount).map(Float.init), shape: shape)
  }

  @Test func rowsAreStepsOfOneSequence() throws {
    try TestData.withFolder { folder in
      let data = try dataset(["x": counting([5, 3])], input: 1, 3, folder: folder)
      #expect(data.batchCount == 5)
      #expect(starts(data) == [0])
      #expect(try data.batch(at: 2).inputs[0].tensor == Tensor([Float(6), 7, 8], shape: [1, 3]))
    }
  }

  @Test func anAxisMoreIsOneSequenceForEachRow() throws {
    try TestData.withFolder { folder in
      let data = try dataset(["x": counting([2, 4, 3])], input: 1, 3, folder: folder)
      #expect(data.batchCount == 8)
      #expect(starts(data) == [0, 4])
      #expect(
        try data.batch(at: 4).inputs[0].tensor == Tensor([Float(12), 13, 14], shape: [1, 3]))
    }
  }

  @Test func joinedMembersAreSequences() throws {
    try TestData.withFolder { folder in
      let data = try dataset(
        ["a": counting([2, 3]), "b": counting([4, 3])], input: 1, 3, map: "a+b", folder: folder)
      #expect(data.batchCount == 6)
      #expect(starts(data) == [0, 2])
    }
  }

  @Test func recordingsAreCutIntoFramesWithContext() throws {
    try TestData.withFolder { folder in
      let data = try dataset(
        ["a": counting([11]), "b": counting([8])], input: 1, 6, map: "a+b",
        preprocess: "frame=6:4,scale=2", folder: folder)
      // Two frames each: three values of the first recording do not fill another.
      #expect(data.batchCount == 4)
      #expect(starts(data) == [0, 2])
      func frame(_ index: Int) throws -> [Float] {
        try data.batch(at: index).inputs[0].tensor.floats
      }
      #expect(try frame(0) == [0, 0, 0, 2, 4, 6])
      #expect(try frame(1) == [4, 6, 8, 10, 12, 14])
      #expect(try frame(2) == [0, 0, 0, 2, 4, 6])
      #expect(
        data.options.preprocessing.text == "frame=6:4,scale=2.0"
          || data.options.preprocessing.text == "frame=6:4,scale=2")
    }
  }

  @Test func aLimitCountsSteps() throws {
    try TestData.withFolder { folder in
      let path = folder + "/data.npz"
      try NPZ.write([("x", counting([2, 4, 3]))], to: path)
      let options = DatasetOptions(limit: 5, states: [StateLink(input: "s", output: "n")])
      let data = try Dataset(
        try DatasetSource.open(path), inputs: [.image("input", 1, 3)], options: options)
      #expect(data.batchCount == 5)
      #expect((0..<5).filter(data.startsSequence) == [0, 4])
      #expect(
        try data.manifest().digest
          != Dataset(
            try DatasetSource.open(path), inputs: [.image("input", 1, 3)],
            options: DatasetOptions(limit: 5)
          ).manifest().digest)
    }
  }

  @Test func stepsCannotBeDrawnOrStacked() throws {
    try TestData.withFolder { folder in
      let drawn = message {
        _ = try dataset(["x": counting([5, 3])], input: nil, 3, folder: folder, seed: 3)
      }
      #expect(drawn.contains("--seed does not go with that"), "\(drawn)")
      let stacked = message {
        _ = try dataset(["x": counting([5, 3])], input: nil, 3, folder: folder, batch: 2)
      }
      #expect(stacked.contains("--batch does not go with that"), "\(stacked)")
    }
  }

  @Test(arguments: ["frame=0", "frame=4:5", "frame=-3", "frame=4:2:1", "frame=x"])
  func framesThatMakeNoSenseAreRefused(text: String) {
    let found = message { _ = try Preprocessing(parsing: text) }
    #expect(found.contains("frame=576:512"), "\(found)")
  }

  @Test func linksAreReadAndWritten() {
    #expect(StateLink(parsing: "state=stateN")?.description == "state=stateN")
    for text in ["", "state", "=n", "s="] { #expect(StateLink(parsing: text) == nil) }
  }
}
