import Tensors
import Testing

@testable import Datasets

@Suite struct DatasetTests {
  private func digits(
    _ options: DatasetOptions = DatasetOptions(), input: InputSpecification? = nil
  ) throws -> Dataset {
    let source = try DatasetSource.open(TestData.path("digits.npz"))
    return try Dataset(source, inputs: [input ?? .image("input", nil, 1, 4, 4)], options: options)
  }

  @Test(arguments: [
    (DatasetPurpose.calibration, "calib_x", "calib_y", 12),
    (DatasetPurpose.evaluation, "test_x", "test_y", 6),
  ])
  func thePurposeChoosesTheMember(
    purpose: DatasetPurpose, member: String, labels: String, count: Int
  ) throws {
    let dataset = try digits(DatasetOptions(purpose: purpose))
    #expect(dataset.bindings.map(\.member.name) == [member])
    #expect(dataset.labelMember == labels)
    #expect(dataset.sampleCount == count)
    #expect(dataset.notes.contains { $0.contains("'input' takes \(member) ") })
    #expect(dataset.notes.contains { $0.contains("also possible") })
  }

  @Test(arguments: [(1, 12, 1), (5, 3, 2), (12, 1, 12), (50, 1, 12)])
  func batchesCoverEverySampleOnce(size: Int, count: Int, last: Int) throws {
    let dataset = try digits(DatasetOptions(batchSize: size))
    let whole = try dataset.source.tensor("calib_x")
    #expect(dataset.batchCount == count)
    var seen: [Float] = []
    var labels: [Int64] = []
    for index in 0..<count {
      let batch = try dataset.batch(at: index)
      #expect(batch.inputs.map(\.name) == ["input"])
      #expect(batch.range.lowerBound == index * size)
      #expect(batch.inputs[0].tensor.shape == [batch.range.count, 1, 4, 4])
      seen += batch.inputs[0].tensor.floats
      labels += batch.labels ?? []
      if index == count - 1 { #expect(batch.range.count == last) }
    }
    #expect(seen == whole.floats)
    #expect(labels == (0..<12).map { $0 % 3 })
  }

  @Test(arguments: ["digits.npz", "digits_stored.npz"])
  func aLimitTakesTheFirstSamplesAndASeedOthers(name: String) throws {
    let source = try DatasetSource.open(TestData.path(name))
    func first(_ options: DatasetOptions) throws -> [Float] {
      let dataset = try Dataset(source, inputs: [.image("input", nil, 1, 4, 4)], options: options)
      #expect(dataset.sampleCount == 4)
      return try dataset.batch(at: 0).inputs[0].tensor.floats
    }
    let plain = try first(DatasetOptions(limit: 4, batchSize: 4))
    #expect(plain == Array(try source.tensor("calib_x").floats.prefix(64)))
    let one = try first(DatasetOptions(limit: 4, seed: 1, batchSize: 4))
    #expect(one != plain)
    #expect(try first(DatasetOptions(limit: 4, seed: 1, batchSize: 4)) == one)
    #expect(try first(DatasetOptions(limit: 4, seed: 2, batchSize: 4)) != one)
  }

  @Test func labelsFollowTheSamplesThroughASeed() throws {
    let dataset = try digits(DatasetOptions(seed: 3, batchSize: 12))
    let whole = try dataset.source.tensor("calib_x")
    let batch = try dataset.batch(at: 0)
    for (position, label) in (batch.labels ?? []).enumerated() {
      let sample = batch.inputs[0].tensor.slice(position)
      let origin = (0..<12).first { whole.slice($0) == sample }
      #expect(origin.map { Int64($0 % 3) } == label)
    }
  }

  @Test func aFixedBatchIsKept() throws {
    let one = try digits(DatasetOptions(batchSize: 8), input: .image("input", 1, 1, 4, 4))
    #expect(one.batchCount == 12 && one.sampleCount == 12)
    #expect(try one.batch(at: 3).inputs[0].tensor.shape == [1, 1, 4, 4])
    let five = try digits(input: .image("input", 5, 1, 4, 4))
    #expect(five.batchCount == 2 && five.sampleCount == 10)
    #expect(try five.batch(at: 1).labels == [2, 0, 1, 2, 0])
    #expect(five.notes.contains { $0.contains("The last 2 rows do not fill a batch of 5") })
  }

  @Test func bytesAreCastAndTheNoteSaysSo() throws {
    let dataset = try digits(DatasetOptions(mapping: ["input": "train_x"]))
    #expect(try dataset.batch(at: 0).inputs[0].tensor.elementType == .float32)
    #expect(dataset.notes.contains { $0.contains("cast from uint8 to float32") })
    #expect(dataset.labelMember == "train_y")
  }

  @Test func pixelsArePreparedForTheModel() throws {
    let source = try DatasetSource.open(TestData.path("pixels.npz"))
    let options = DatasetOptions(
      batchSize: 2,
      preprocessing: try Preprocessing(
        parsing: "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,layout=nhwc->nchw"))
    let dataset = try Dataset(source, inputs: [.image("x", nil, 3, 6, 5)], options: options)
    #expect(dataset.bindings[0].member.name == "calib_u8_nhwc")
    #expect(try dataset.batch(at: 0).inputs[0].tensor == TestData.npy("pixels_normalized"))
  }

  @Test func unpreparedPixelsAreRefusedWithTheRemedy() throws {
    let source = try DatasetSource.open(TestData.path("pixels.npz"))
    let dataset = try Dataset(
      source, inputs: [.image("x", nil, 3, 6, 5)], options: DatasetOptions())
    #expect(dataset.misfits.count == 1)
    let said = message { _ = try dataset.batch(at: 0) }
    #expect(said.contains("N×6×5×3 and the model takes N×3×6×5"), "\(said)")
    #expect(said.contains("--preprocess layout=nhwc->nchw"), "\(said)")
  }

  @Test func twoBranchesAreAmbiguousUntilJoined() throws {
    let source = try DatasetSource.open(TestData.path("branches.npz"))
    let input = InputSpecification(name: "x", elementType: .float32, dimensions: [nil, 3])
    let said = message { _ = try Dataset(source, inputs: [input], options: DatasetOptions()) }
    #expect(said.contains("x_else float32 4×3; x_then float32 2×3"), "\(said)")
    #expect(said.contains("--map x=x_else+x_then"), "\(said)")
    let joined = try Dataset(
      source, inputs: [input],
      options: DatasetOptions(mapping: ["x": "x_else+x_then"], batchSize: 6))
    let both = try source.tensor("x_else").floats + source.tensor("x_then").floats
    #expect(try joined.batch(at: 0).inputs[0].tensor.floats == both)
  }

  @Test func oneValueServesEveryBatch() throws {
    let source = try DatasetSource.open(TestData.path("recurrent.npz"))
    let dataset = try Dataset(
      source,
      inputs: [
        InputSpecification(name: "input", elementType: .float32, dimensions: [1, 8]),
        InputSpecification(name: "state", elementType: .float32, dimensions: [2, 1, 3]),
        InputSpecification(name: "sr", elementType: .int64, dimensions: []),
      ], options: DatasetOptions())
    #expect(dataset.batchCount == 5)
    let batch = try dataset.batch(at: 4)
    #expect(batch.inputs.map(\.tensor.shape) == [[1, 8], [2, 1, 3], []])
    #expect(batch.inputs[2].tensor == .scalar(Int64(16000)))
    #expect(dataset.notes.contains { $0.contains("'state' has one value") })
  }

  @Test func aMissingChannelOrBatchAxisIsAdded() throws {
    let whole = DatasetSource(
      name: "memory",
      members: [
        DataMember(
          name: "x", array: ArrayReference(Tensor(.float32, shape: [7, 4, 4]), place: "x"))
      ],
      paths: [])
    let channel = try Dataset(
      whole, inputs: [.image("x", nil, 1, 4, 4)], options: DatasetOptions(batchSize: 3))
    #expect(try channel.batch(at: 0).inputs[0].tensor.shape == [3, 1, 4, 4])
    let single = try Dataset(whole, inputs: [.image("x", 1, 7, 4, 4)], options: DatasetOptions())
    #expect(single.batchCount == 1)
    #expect(try single.batch(at: 0).inputs[0].tensor.shape == [1, 7, 4, 4])
  }

  @Test func saysWhatCannotBe() throws {
    func said(_ options: DatasetOptions, _ input: InputSpecification? = nil) -> String {
      message { _ = try digits(options, input: input) }
    }
    #expect(said(DatasetOptions(mapping: ["inpt": "calib_x"])).contains("Did you mean 'input'?"))
    #expect(said(DatasetOptions(mapping: ["input": "calib"])).contains("no member 'calib'"))
    #expect(said(DatasetOptions(labels: "calib_z")).contains("Did you mean 'calib_"))
    #expect(said(DatasetOptions(labels: "test_y")).contains("there are 12 samples"))
    #expect(said(DatasetOptions(limit: 0)).contains("--limit is 0"))
    #expect(said(DatasetOptions(batchSize: 0)).contains("--batch is 0"))
    let unlike = InputSpecification(
      name: "z", elementType: .float32, dimensions: [nil, 3, 3, 3, 3])
    #expect(said(DatasetOptions(), unlike).contains("Nothing in digits.npz fits the input 'z'"))
    let text = InputSpecification(name: "z", elementType: .string, dimensions: [nil, 1, 4, 4])
    #expect(message { _ = try digits(input: text).batch(at: 0) }.contains("the model takes string"))
  }

  @Test func valuesThatDoNotFitTheTypeAreRefused() throws {
    let input = InputSpecification(name: "labels", elementType: .uint8, dimensions: [nil])
    let source = DatasetSource(
      name: "memory",
      members: [
        DataMember(name: "labels", array: ArrayReference(Tensor([Int64(1), 300]), place: "l"))
      ],
      paths: [])
    let dataset = try Dataset(source, inputs: [input], options: DatasetOptions())
    #expect(try dataset.batch(at: 0).inputs[0].tensor == Tensor([UInt8(1)]))
    #expect(message { _ = try dataset.batch(at: 1) }.contains("row 1 of l holds 300"))
  }
}
