import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct FolderTests {
  @Test func numberedArraysAreASeriesInTheOrderOfTheirNumbers() throws {
    let source = try DatasetSource.open(TestData.path("series"))
    #expect(source.members.map(\.description) == ["x float32 3×2×3"])
    let input = InputSpecification(name: "x", elementType: .float32, dimensions: [nil, 2, 3])
    let dataset = try Dataset(source, inputs: [input], options: DatasetOptions(batchSize: 3))
    let values = try dataset.batch(at: 0).inputs[0].tensor
    #expect(values.shape == [3, 2, 3])
    #expect([0, 6, 12].map { values.floats[$0] } == [1, 2, 10])
  }

  @Test func filesOfRowsFollowEachOther() throws {
    let source = try DatasetSource.open(TestData.path("series"))
    let input = InputSpecification(name: "x", elementType: .float32, dimensions: [nil, 3])
    let dataset = try Dataset(source, inputs: [input], options: DatasetOptions(batchSize: 4))
    #expect(dataset.sampleCount == 6)
    #expect(try dataset.batch(at: 1).inputs[0].tensor.floats == [10, 10, 10, 10, 10, 10])
  }

  @Test(arguments: [
    (["b", "a"], ["a", "b"]), (["x10", "x2", "x1"], ["x1", "x2", "x10"]),
    (["x02", "x1", "x010"], ["x1", "x02", "x010"]),
    (["a1b2", "a1b10", "a"], ["a", "a1b2", "a1b10"]),
    (["Z", "a", "ä"], ["Z", "a", "ä"]),
  ])
  func namesSortByNumberThenCodePoint(names: [String], sorted: [String]) {
    #expect(names.sorted(by: NaturalOrder.precedes) == sorted)
  }

  @Test func imagesAreTurnedForTheModel() throws {
    let source = try DatasetSource.open(TestData.path("images"))
    let dataset = try Dataset(
      source, inputs: [.image("x", nil, 3, 4, 6)], options: DatasetOptions(batchSize: 2))
    let batch = try dataset.batch(at: 0).inputs[0].tensor
    #expect(batch.shape == [2, 3, 4, 6])
    let pixels: [UInt8] = try TestData.npy("image_a").array()
    #expect(batch.floats[0..<24].map(Int.init) == (0..<24).map { Int(pixels[3 * $0]) })
    #expect(dataset.notes.contains { $0.contains("layout=nhwc->nchw was added") })
  }

  @Test func imagesBecomeGreyForOneChannel() throws {
    let source = try DatasetSource.open(TestData.path("images/b.png"))
    let dataset = try Dataset(
      source, inputs: [.image("x", 1, 1, 4, 6)], options: DatasetOptions())
    let values = try dataset.batch(at: 0).inputs[0].tensor.floats
    for (index, value) in values.enumerated() { #expect(abs(value - Float(index * 10)) < 1e-3) }
  }

  @Test func imagesOfAnotherSizeAreRefusedUntilResized() throws {
    let source = try DatasetSource.open(TestData.path("images"))
    let input = InputSpecification.image("x", nil, 3, 2, 2)
    let plain = try Dataset(source, inputs: [input], options: DatasetOptions())
    let said = message { _ = try plain.batch(at: 0) }
    #expect(said.contains("1×3×4×6 and the model takes N×3×2×2: the image size differs"), "\(said)")
    let steps = try Preprocessing(parsing: "resize=2,crop=2,scale=1/255")
    let resized = try Dataset(
      source, inputs: [input], options: DatasetOptions(batchSize: 2, preprocessing: steps))
    let batch = try resized.batch(at: 0).inputs[0].tensor
    #expect(batch.shape == [2, 3, 2, 2])
    #expect(batch.floats.allSatisfy { (0...1).contains($0) })
  }

  @Test func subfoldersAreClasses() throws {
    let source = try DatasetSource.open(TestData.path("classes"))
    #expect(source.notes == ["Each of the 2 subfolders is a class: 0 = cat, 1 = dog."])
    let dataset = try Dataset(
      source, inputs: [.image("x", nil, 3, 4, 4)], options: DatasetOptions(batchSize: 4))
    #expect(try dataset.batch(at: 0).labels == [0, 0, 1, 1])
  }

  @Test func recordedRunsFeedTheInputsTheyName() throws {
    try TestData.withFolder { folder in
      for run in 0..<2 {
        let place = "\(folder)/test_data_set_\(run)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let data = Tensor([Float(run), 1, 2], shape: [1, 3])
        try TestData.writeStandIn(data, name: "data", to: place + "/input_0.pb")
        try TestData.writeStandIn(.scalar(Int64(run)), name: "", to: place + "/input_1.pb")
        try TestData.writeStandIn(data, name: "data", to: place + "/output_0.pb")
      }
      let source = try DatasetSource.open(folder, readers: TestData.readers)
      #expect(source.members.map(\.name) == ["data", "input_1", "output_0"])
      let inputs = [
        InputSpecification(name: "data", elementType: .float32, dimensions: [nil, 3]),
        InputSpecification(name: "count", elementType: .int64, dimensions: []),
      ]
      let dataset = try Dataset(source, inputs: inputs, options: DatasetOptions())
      #expect(dataset.batchCount == 2)
      let batch = try dataset.batch(at: 1)
      #expect(batch.inputs[0].tensor == Tensor([Float(1), 1, 2], shape: [1, 3]))
      #expect(batch.inputs[1].tensor == .scalar(Int64(1)))
    }
  }

  @Test func singleProtobufsFeedARun() throws {
    try TestData.withFolder { folder in
      let path = folder + "/a.pb"
      try TestData.writeStandIn(Tensor([Float(1), 2]), name: "anything", to: path)
      let source = try DatasetSource.files([("x", path)], readers: TestData.readers)
      #expect(try source.tensor("x") == Tensor([Float(1), 2]))
      #expect(message { _ = try DatasetSource.open(path) }.contains("without a reader"))
      try Data([9]).write(to: URL(filePath: path))
      let said = message { _ = try DatasetSource.open(path, readers: TestData.readers) }
      #expect(said.contains("a.pb as an ONNX TensorProto"))
    }
  }

  @Test func saysWhatIsWrongWithAFolder() throws {
    try TestData.withFolder { folder in
      #expect(message { _ = try DatasetSource.open(folder) }.contains("holds no .npy"))
      try NPY.write(Tensor([Float(1)]), to: folder + "/a.npy")
      try Data().write(to: URL(filePath: folder + "/b.png"))
      #expect(message { _ = try DatasetSource.open(folder) }.contains("mixes .npy and image"))
      try Data().write(to: URL(filePath: folder + "/c.txt"))
      let said = message { _ = try DatasetSource.open(folder + "/c.txt") }
      #expect(said.contains("c.txt is no data Octet knows"))
    }
    #expect(message { _ = try DatasetSource.open("/nowhere/x.npz") }.contains("No such file"))
  }
}
