import Conversion
import Datasets
import Execution
import Foundation
import Graphs
import Kernels
import OrderedCollections
import Quantization
import Tensors
import Testing

@testable import Training

/// A small network on made-up classes, from the first batch to the int8 model.
@Suite struct TrainingRunTests {
  /// Conv, normalization, Relu, a depthwise Conv, a pool and a fully connected layer.
  private static func network(convolution: OperatorName = OperatorName("Relu")) -> Model {
    var generator = SeededGenerator(seed: 1)
    var graph = Graph(name: "small")
    func add(_ name: String, _ shape: Shape, _ range: ClosedRange<Float> = -0.5...0.5) {
      let values = (0..<shape.elementCount).map { _ in Float.random(in: range, using: &generator) }
      graph.initializers[name] = Initializer(Tensor(values, shape: shape))
    }
    add("w1", [8, 1, 3, 3])
    for name in ["gamma", "beta", "mean"] { add(name, [8], 0.1...0.5) }
    add("variance", [8], 0.5...1)
    add("w2", [8, 1, 3, 3])
    add("b2", [8])
    add("w3", [4, 8])
    add("b3", [4])
    graph.inputs = [
      ValueDeclaration(
        name: "x", elementType: .float32,
        dimensions: [.symbolic("n"), .fixed(1), .fixed(8), .fixed(8)])
    ]
    let pads = Attribute.ints([1, 1, 1, 1])
    graph.append(
      OperatorName("Conv"), name: "c1", inputs: ["x", "w1"], outputs: ["c1"],
      attributes: ["pads": pads])
    graph.append(
      OperatorName("BatchNormalization"), name: "bn",
      inputs: ["c1", "gamma", "beta", "mean", "variance"], outputs: ["bn"])
    graph.append(convolution, name: "r1", inputs: ["bn"], outputs: ["r1"])
    graph.append(
      OperatorName("Conv"), name: "c2", inputs: ["r1", "w2", "b2"], outputs: ["c2"],
      attributes: ["pads": pads, "group": .int(8), "strides": .ints([2, 2])])
    graph.append(OperatorName("Relu"), name: "r2", inputs: ["c2"], outputs: ["r2"])
    graph.append(OperatorName("GlobalAveragePool"), name: "p", inputs: ["r2"], outputs: ["p"])
    graph.append(OperatorName("Flatten"), name: "f", inputs: ["p"], outputs: ["f"])
    graph.append(
      OperatorName("Gemm"), name: "g", inputs: ["f", "w3", "b3"], outputs: ["y"],
      attributes: ["transB": .int(1)])
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    return Model(graph: graph, opset: 17)
  }

  /// Pictures of noise with a bright quarter, which is the class.
  private static func samples(_ count: Int = 160) -> TrainingSamples {
    var generator = SeededGenerator(seed: 2)
    var pixels: [Float] = []
    var labels: [Int64] = []
    for index in 0..<count {
      let label = index % 4
      labels.append(Int64(label))
      for y in 0..<8 {
        for x in 0..<8 {
          let isBright = label == (y / 4) * 2 + x / 4
          let texture: Float = label % 2 == 0 ? Float((x + y) % 2) : Float(x % 2)
          pixels.append(
            Float.random(in: 0...0.2, using: &generator)
              + (isBright ? texture * Float(1 + label) : 0))
        }
      }
    }
    return TrainingSamples(
      ["x": Tensor(pixels, shape: [count, 1, 8, 8])], labels: labels)
  }

  private static func options(_ objective: Objective) -> TrainingOptions {
    var options = TrainingOptions(objective)
    options.epochs = 4
    options.batchSize = 24
    options.rate = LearningRate(0.01, shape: .cosine, warmUpSteps: 3)
    options.clip = 5
    return options
  }

  private static func run(
    _ options: TrainingOptions, threads: Int = 1
  ) throws -> TrainingRun {
    try TrainingRun(
      network(), recipe: Recipe(target: .x86), options: options, samples: samples(),
      threads: threads)
  }

  @Test(arguments: [false, true], [RangeRule.recipe, .torch(.fused), .torch(.unfused)])
  func learnsWithLabels(trainsNormalizations: Bool, ranges: RangeRule) throws {
    var options = Self.options(.crossEntropy)
    options.epochs = 12
    options.ranges = ranges
    options.trainsNormalizations = trainsNormalizations
    options.normalizationEpochs = 8
    let run = try Self.run(options)
    let outcome = try run.run()
    let losses = outcome.reports.compactMap(\.loss)
    #expect(losses.count == 12 && losses[11] < 0.95 * losses[0])
    let best = outcome.reports[outcome.bestEpoch].converted
    #expect(best.accuracy ?? 0 > (outcome.reports[0].converted.accuracy ?? 1))
    // What is left in place is the best epoch.
    let trained = try run.trained()
    let executor = try Executor(
      model: trained.conversion.model, options: ExecutionOptions(mode: .integer),
      isPrepared: true)
    #expect(try executor.run(Self.samples(4).batch([0, 1, 2, 3]).inputs)["y"]?.shape == [4, 4])
  }

  @Test(arguments: [Objective.divergence(temperature: 2), .noiseToSignal], [false, true])
  func comesCloserToItsFloatSelf(objective: Objective, learnsScales: Bool) throws {
    var options = Self.options(objective)
    options.learnsScales = learnsScales
    options.learnsActivationScales = learnsScales
    options.innerValues = ["r1"]
    options.epochs = 6
    options.rate = LearningRate(0.002, shape: .cosine)
    let outcome = try TrainingRun(
      Self.network(), recipe: try Self.coarse(), options: options, samples: Self.samples()
    ).run()
    let losses = outcome.reports.compactMap(\.loss)
    #expect(losses.count == 6 && losses[5] < losses[0])
    let found = outcome.reports.map(\.converted)
    #expect(!found[0].isBetter(than: found[outcome.bestEpoch], for: objective))
  }

  @Test func epochsThatLabelsDoNotTellApartAreToldApartByTheLoss() {
    func report(_ epoch: Int, loss: Double?, accuracy: Double, decibels: Double) -> EpochReport {
      let found = Validation(accuracy: accuracy, agreement: accuracy, decibels: decibels)
      return EpochReport(epoch: epoch, loss: loss, simulated: found, converted: found)
    }
    let before = report(0, loss: nil, accuracy: 0.9, decibels: 9)
    let first = report(1, loss: 0.5, accuracy: 0.9, decibels: 5)
    let second = report(2, loss: 0.1, accuracy: 0.9, decibels: 1)
    #expect(second.isBetter(than: first, for: .crossEntropy))
    #expect(!first.isBetter(than: second, for: .crossEntropy))
    #expect(!first.isBetter(than: before, for: .crossEntropy))
    #expect(first.isBetter(than: second, for: .noiseToSignal))
  }

  /// Weights of 4 bits, one map for a tensor.
  private static func coarse() throws -> Recipe {
    var recipe = Recipe(target: .x86)
    let rule = try Rule(parsing: "all:weight.type=qint4,weight.granularity=perTensor")
    recipe.set(rule.change, for: rule.scope)
    return recipe
  }

  @Test func aCheckpointIsOfOneRunOnly() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "octet-checkpoint-\(UInt64.random(in: 0...UInt64.max)).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    func run(_ digest: String, threads: Int, epochs: Int = 4) throws -> TrainingRun {
      var samples = Self.samples()
      samples.digest = digest
      var options = Self.options(.crossEntropy)
      options.epochs = epochs
      return try TrainingRun(
        Self.network(), recipe: Recipe(target: .x86), options: options, samples: samples,
        threads: threads)
    }
    // Ended before its first batch: that, too, is in the checkpoint.
    let stop = TrainingStop(epoch: 1, batch: 0)
    _ = try run("a", threads: 1).run(checkpoint: path, isLast: { $0 == stop })
    let again = try run("a", threads: 1)
    try again.resume(from: path)
    #expect(try again.run().stop == stop)
    #expect(
      throws: TrainingError.checkpoint(
        path: path,
        reason: "it belongs to a run with other options, other data, 1 thread in place of 2")
    ) { try run("b", threads: 2, epochs: 5).resume(from: path) }
  }

  @Test func numbersBeyondReasonAreRefused() {
    var options = Self.options(.crossEntropy)
    options.epochs = .max
    #expect(throws: TrainingError.self) { try options.check() }
    options.epochs = 1
    options.batchSize = .max
    #expect(throws: TrainingError.self) { try options.check() }
  }

  @Test(arguments: [1, 2]) func sameSeedSameWeights(threads: Int) throws {
    let options = Self.options(.crossEntropy)
    let first = try Self.run(options, threads: threads)
    let second = try Self.run(options, threads: threads)
    let reports = try first.run().reports
    #expect(try second.run().reports == reports)
    #expect(first.store.snapshot == second.store.snapshot)
    var other = options
    other.seed = 9
    #expect(try Self.run(other, threads: threads).run().reports != reports)
  }

  private struct Interrupted: Error {}

  @Test(arguments: [OptimizerKind.sgd, .adamW], [false, true])
  func resumesToTheSameEnd(optimizer: OptimizerKind, learnsScales: Bool) throws {
    var options = Self.options(.crossEntropy)
    options.optimizer = optimizer
    options.learnsScales = learnsScales
    options.learnsActivationScales = learnsScales
    options.trainsNormalizations = true
    let unbroken = try Self.run(options)
    let expected = try unbroken.run()
    let path = FileManager.default.temporaryDirectory
      .appending(path: "octet-checkpoint-\(UInt64.random(in: 0...UInt64.max)).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var batches = 0
    #expect(throws: Interrupted.self) {
      _ = try Self.run(options).run(
        checkpoint: path,
        betweenBatches: {
          batches += 1
          if batches > 15 { throw Interrupted() }
        })
    }
    let resumed = try Self.run(options)
    try resumed.resume(from: path)
    let outcome = try resumed.run()
    #expect(outcome.reports == expected.reports && outcome.bestEpoch == expected.bestEpoch)
    #expect(resumed.store.snapshot == unbroken.store.snapshot)
    var other = options
    other.epochs = 9
    let stranger = try Self.run(other)
    #expect(throws: TrainingError.self) { try stranger.resume(from: path) }
  }

  @Test func onlyTheChosenLayersLearn() throws {
    var options = Self.options(.crossEntropy)
    options.epochs = 12
    options.layers = ["c2", "g"]
    let run = try Self.run(options)
    let before = run.model.graph
    #expect(try run.run().bestEpoch > 0)
    let after = try run.trained().float.graph
    for (name, initializer) in before.initializers where initializer.tensor.elementType == .float32
    {
      let isChosen = ["w2", "b2", "w3", "b3"].contains(name)
      #expect((after.initializers[name]?.tensor == initializer.tensor) == !isChosen, "\(name)")
    }
    options.layers = ["c9"]
    #expect(throws: TrainingError.unknownLayer(name: "c9")) { try Self.run(options) }
    options.layers = ["p"]
    #expect(throws: TrainingError.noWeights(layers: ["p"])) { try Self.run(options) }
  }

  @Test(arguments: [TrainingStop(epoch: 2, batch: 2), TrainingStop(epoch: 2, batch: 0)])
  func anEarlyEndIsJudgedAsItIs(stop: TrainingStop) throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "octet-checkpoint-\(UInt64.random(in: 0...UInt64.max)).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let run = try Self.run(Self.options(.crossEntropy))
    let outcome = try run.run(checkpoint: path, isLast: { $0 == stop })
    #expect(outcome.stop == stop)
    // An epoch of which no batch was done is none.
    #expect(outcome.reports.count == (stop.batch == 0 ? 2 : 3))
    let again = try Self.run(Self.options(.crossEntropy))
    #expect(try again.run(isLast: { $0 == stop }).reports == outcome.reports)
    #expect(again.store.snapshot == run.store.snapshot)
    guard stop.batch > 0 else { return }
    // It does not go on by itself.
    let reopened = try Self.run(Self.options(.crossEntropy))
    try reopened.resume(from: path)
    #expect(try reopened.run().reports == outcome.reports)
    #expect(reopened.store.snapshot == run.store.snapshot)
  }

  @Test func scalesDriftWithTheWeights() throws {
    let run = try Self.run(Self.options(.crossEntropy))
    _ = try run.run(isLast: { $0.epoch == 1 && $0.batch == 0 })
    #expect(run.scaleDrift().allSatisfy { $0.weight ?? 0 == 0 && $0.activation ?? 0 == 0 })
    let trained = try Self.run(Self.options(.crossEntropy))
    var drift: [ScaleDrift] = []
    _ = try trained.run(progress: { _ in drift = trained.scaleDrift() })
    #expect(Set(drift.compactMap { $0.weight == nil ? nil : $0.layer }) == ["c1", "c2", "g"])
    #expect(drift.contains { abs($0.weight ?? 0) > 0.001 })
    #expect(drift.contains { abs($0.activation ?? 0) > 0.001 })
  }

  @Test func floatAndConvertedAreJudgedOnTheSameSamples() throws {
    let run = try Self.run(Self.options(.crossEntropy))
    let outcome = try run.run()
    let float = try run.judgeFloat()
    #expect(float.agreement == 1 && float.decibels == .infinity && float.accuracy != nil)
    #expect(
      try run.judge(try run.trained().conversion)
        == outcome.reports[outcome.bestEpoch].converted)
  }

  @Test func aFixedBatchNamesTheOption() throws {
    var model = Self.network()
    model.graph.inputs[0].dimensions?[0] = .fixed(2)
    let error = #expect(throws: TrainingError.self) {
      try TrainingRun(
        model, recipe: Recipe(target: .x86), options: Self.options(.crossEntropy),
        samples: Self.samples())
    }
    #expect(error == .fixedBatch(input: "x", rows: 2))
    #expect(error?.description.contains("--mini-batch 1") == true)
  }

  @Test func anOperatorWithoutGradientIsNamed() {
    #expect(throws: TrainingError.noGradient(operatorName: "Ceil", node: "r1")) {
      try TrainingRun(
        Self.network(convolution: OperatorName("Ceil")), recipe: Recipe(target: .x86),
        options: Self.options(.crossEntropy), samples: Self.samples())
    }
  }

  @Test func labelsHaveToFit() throws {
    let samples = TrainingSamples(
      Self.samples(8).batch(Array(0..<8)).inputs, labels: [0, 1, 2, 3, 4, 0, 0, 0])
    #expect(
      throws: TrainingError.badLabels(
        detail: "label 4 where the model has classes 0...3")
    ) {
      try TrainingRun(
        Self.network(), recipe: Recipe(target: .x86), options: Self.options(.crossEntropy),
        samples: samples)
    }
    let bare = TrainingSamples(Self.samples(8).batch(Array(0..<8)).inputs)
    #expect(throws: TrainingError.noLabels) {
      try TrainingRun(
        Self.network(), recipe: Recipe(target: .x86), options: Self.options(.crossEntropy),
        samples: bare)
    }
  }

  @Test func optionsAreChecked() {
    var options = TrainingOptions(.crossEntropy)
    options.epochs = 0
    #expect(throws: TrainingError.self) { try options.check() }
    options.epochs = 1
    options.rate.initial = -1
    #expect(throws: TrainingError.self) { try options.check() }
  }

  @Test func patienceEndsARun() throws {
    var options = Self.options(.crossEntropy)
    options.epochs = 30
    options.patience = 1
    options.rate = LearningRate(1e-9)
    let outcome = try Self.run(options).run()
    #expect(outcome.reports.count < 30)
  }
}
