internal import Conversion
internal import Datasets
internal import Execution
package import Graphs
package import Kernels
internal import OrderedCollections
package import Quantization
internal import Tensors

/// Trains a model with its int8 rounding in view, epoch by epoch.
///
/// The same seed, samples and number of threads give the same weights. Belongs to one caller at a
/// time; calls between batches let that caller pause it or throw it away.
package final class TrainingRun {
  package let options: TrainingOptions
  package let recipe: Recipe
  /// The model as it is trained.
  package let model: Model
  package let store = ParameterStore()
  package let rounding: Rounding
  let optimizer: Optimizer
  private let samples: TrainingSamples
  let validationSamples: TrainingSamples
  private let training: [Int]
  let validation: [Int]
  let pool: ThreadPool
  let isa: InstructionSet
  let teacher: Teacher
  private var plans: [Int: TrainingPlan] = [:]
  /// The constants that are trained; nil for all.
  private let trainedConstants: Set<String>?
  /// The value that losses are taken of: logits where the model ends with a softmax.
  let target: String
  private var position: TrainingPosition
  private let clock = ContinuousClock()

  /// - Parameters:
  ///   - source: as the file has it, or prepared.
  ///   - validation: samples to judge by; a part of `samples` is kept apart when there are none.
  package init(
    _ source: Model, recipe: Recipe, options: TrainingOptions, samples: TrainingSamples,
    validation: TrainingSamples? = nil, threads: Int = 1, isa: InstructionSet = .best
  ) throws(TrainingError) {
    try options.check()
    self.options = options
    self.recipe = recipe
    let layers: LayerGraph
    let resolution: Resolution
    do {
      model = try source.prepared(keepsNormalizations: options.trainsNormalizations).model
      layers = try LayerGraph(model: source).grouped(by: recipe)
      resolution = try layers.resolve(recipe)
    } catch {
      throw .conversion("\(error)")
    }
    rounding = try Rounding(
      layers, resolution, rule: options.ranges, averagingConstant: options.averagingConstant,
      learnsScales: options.learnsScales,
      learnsActivationScales: options.learnsActivationScales)
    var constants: Set<String>?
    if let chosen = options.layers {
      constants = try TrainableConstants.names(in: model.graph, of: chosen, among: layers)
    }
    trainedConstants = constants
    guard let output = model.graph.outputs.first?.name else { throw .nothingToTrain }
    target = Self.logits(of: output, in: model.graph)
    for name in options.innerValues
    where !model.graph.nodes.contains(where: { $0.outputs.contains(name) }) {
      throw .unknownValue(name: name)
    }
    self.samples = samples
    validationSamples = validation ?? samples
    if let validation {
      training = Array(0..<samples.count)
      self.validation = Array(0..<validation.count)
    } else {
      let split = samples.split(
        validationShare: options.validationShare, seed: options.seed)
      training = split.training
      self.validation = split.validation.isEmpty ? split.training : split.validation
    }
    guard !training.isEmpty else { throw .badOption("No sample is left to train on.") }
    try Self.refuseFixedBatch(
      model.graph, samples.batch(Array(training.prefix(options.batchSize))).inputs)
    pool = ThreadPool(threads: threads)
    self.isa = isa
    teacher = try Teacher(
      model, names: Array(Set([target] + options.innerValues)).sorted(), threads: threads,
      isa: isa)
    optimizer = Optimizer(options.optimizer, store, isa: isa, pool: pool)
    position = TrainingPosition()
    if options.objective.needsLabels { try checkLabels() }
    // Compiling says now what cannot be trained.
    _ = try plan(for: Array(training.prefix(options.batchSize)))
  }

  /// The input of a softmax that makes `output`, or `output`: losses are taken of logits.
  private static func logits(of output: String, in graph: Graph) -> String {
    guard
      let node = graph.nodes.first(where: { $0.outputs.first == output }),
      node.is("Softmax") || node.is("LogSoftmax"), let input = node.input(0)
    else { return output }
    return input
  }

  private static func refuseFixedBatch(
    _ graph: Graph, _ batch: [String: Tensor]
  ) throws(TrainingError) {
    for input in graph.requiredInputs {
      guard let rows = input.dimensions?.first?.fixedExtent, rows > 0,
        let given = batch[input.name]?.shape, given.rank > 0, given[0] != rows
      else { continue }
      throw .fixedBatch(input: input.name, rows: rows)
    }
  }

  private func checkLabels() throws(TrainingError) {
    guard let labels = samples.labels else { throw .noLabels }
    let plan = try plan(for: Array(training.prefix(options.batchSize)))
    let shape = plan.shape(ofOutput: target) ?? []
    guard shape.rank == 2 else {
      throw .badLabels(detail: "'\(target)' has shape \(shape), not one row of classes per sample")
    }
    for label in labels where label < 0 || label >= Int64(shape[1]) {
      throw .badLabels(detail: "label \(label) where the model has classes 0...\(shape[1] - 1)")
    }
  }

  // Plans and batches.

  /// The plan for batches of that many samples.
  func plan(for numbers: [Int]) throws(TrainingError) -> TrainingPlan {
    if let plan = plans[numbers.count] { return plan }
    let plan = try TrainingPlan(
      model, sample: samples.batch(numbers).inputs,
      outputs: [target] + options.innerValues.filter { $0 != target }, store: store,
      trained: trainedConstants, rounding: rounding, pool: pool, isa: isa)
    plans[numbers.count] = plan
    return plan
  }

  private var batchesPerEpoch: Int {
    (training.count + options.batchSize - 1) / options.batchSize
  }

  /// The samples of an epoch in its order.
  private func order(epoch: Int) -> [Int] {
    var order = training
    var generator = SeededGenerator(
      seed: options.seed &+ UInt64(epoch) &* 0x9e37_79b9_7f4a_7c15)
    order.shuffle(using: &generator)
    return order
  }

  private func mode(epoch: Int) -> TrainingMode {
    TrainingMode(
      normalizesByBatch: options.trainsNormalizations
        && options.normalizationEpochs.map { epoch <= $0 } ?? true,
      observes: options.rangeEpochs.map { epoch <= $0 } ?? true, quantizes: true)
  }

  // The loop.

  /// What came of every epoch so far; the first is the model before training.
  package var reports: [EpochReport] { position.reports }

  /// Trains to the end.
  /// - Parameters:
  ///   - checkpoint: where to keep what a later run can go on from; written at the beginning, after
  ///     every epoch, and once a minute.
  ///   - saved: told that the checkpoint is there.
  ///   - betweenBatches: may wait, or throw to give up.
  ///   - isLast: told the batches of the epoch that are done, ends the run there when it says so; the
  ///     epoch is judged as it is.
  /// - Returns: what came of every epoch; the best weights are in place.
  package func run(
    checkpoint: String? = nil, saved: () -> Void = {}, betweenBatches: () throws -> Void = {},
    isLast: (TrainingStop) -> Bool = { _ in false },
    progress: (TrainingProgress) throws -> Void = { _ in }
  ) throws -> TrainingOutcome {
    let start = clock.now
    var lastSave = clock.now
    let batchesBefore = batchesDone
    if position.reports.isEmpty {
      try begin(betweenBatches)
      if let checkpoint {
        try save(to: checkpoint)
        saved()
      }
    }
    while position.epoch <= options.epochs, !hasStopped {
      let epoch = position.epoch
      let order = order(epoch: epoch)
      while position.batch < batchesPerEpoch, position.stop == nil {
        try betweenBatches()
        let here = TrainingStop(epoch: epoch, batch: position.batch)
        if isLast(here) {
          position.stop = here
          // Nothing of the epoch is done where this is its first batch, and nothing saves it later.
          if let checkpoint { try save(to: checkpoint) }
          break
        }
        let first = position.batch * options.batchSize
        let numbers = Array(order[first..<min(first + options.batchSize, order.count)])
        let rate = options.rate.rate(
          step: (epoch - 1) * batchesPerEpoch + position.batch, stepsPerEpoch: batchesPerEpoch,
          totalSteps: options.epochs * batchesPerEpoch)
        let (loss, norm) = try step(numbers, rate: rate, mode: mode(epoch: epoch))
        guard loss.isFinite, norm.isFinite else {
          throw TrainingError.diverged(epoch: epoch, batch: position.batch + 1)
        }
        position.batch += 1
        position.lossSum += loss * Double(numbers.count)
        try progress(
          TrainingProgress(
            epoch: epoch, epochCount: options.epochs, batch: position.batch,
            batchCount: batchesPerEpoch, batchesBefore: batchesBefore, loss: loss,
            gradientNorm: norm, rate: rate, elapsed: clock.now - start, report: nil))
        if let checkpoint, clock.now - lastSave > .seconds(60) {
          try save(to: checkpoint)
          lastSave = clock.now
        }
      }
      guard position.batch > 0 else { break }
      let seen = min(position.batch * options.batchSize, training.count)
      let report = try report(
        epoch: epoch, loss: position.lossSum / Double(seen), betweenBatches)
      let batch = position.batch
      finishEpoch(report)
      if let checkpoint {
        try save(to: checkpoint)
        lastSave = clock.now
      }
      try progress(
        TrainingProgress(
          epoch: epoch, epochCount: options.epochs, batch: batch, batchCount: batchesPerEpoch,
          batchesBefore: batchesBefore, loss: report.loss ?? 0, gradientNorm: 0, rate: 0,
          elapsed: clock.now - start, report: report))
    }
    keepBest()
    return TrainingOutcome(
      reports: position.reports, bestEpoch: position.bestEpoch, stop: position.stop)
  }

  /// Since the run began, in this process or an earlier one.
  private var batchesDone: Int { (position.epoch - 1) * batchesPerEpoch + position.batch }

  /// By layer, how far scales have moved since training began.
  package func scaleDrift() -> [ScaleDrift] {
    rounding.drift(from: position.firstScales, modules: rounding.modules)
  }

  /// Follows ranges once without training, and measures the model as it is.
  private func begin(_ betweenBatches: () throws -> Void) throws {
    let mode = TrainingMode(normalizesByBatch: false, observes: true, quantizes: false)
    for first in stride(from: 0, to: training.count, by: options.batchSize) {
      guard first < 64 * options.batchSize else { break }
      try betweenBatches()
      let numbers = Array(training[first..<min(first + options.batchSize, training.count)])
      try plan(for: numbers).forward(samples.batch(numbers).inputs, mode: mode)
    }
    let report = try report(epoch: 0, loss: nil, betweenBatches)
    position.reports = [report]
    position.best = store.snapshot
    position.bestStates = rounding.modules.map(\.state)
    position.firstScales = position.bestStates.map(\.scales)
  }

  private var hasStopped: Bool {
    if position.stop != nil { return true }
    guard let patience = options.patience else { return false }
    return position.epoch - 1 - position.bestEpoch >= patience
  }

  private func finishEpoch(_ report: EpochReport) {
    position.reports.append(report)
    let best = position.reports[position.bestEpoch]
    if report.isBetter(than: best, for: options.objective) {
      position.bestEpoch = report.epoch
      position.best = store.snapshot
      position.bestStates = rounding.modules.map(\.state)
    }
    position.epoch += 1
    position.batch = 0
    position.lossSum = 0
  }

  private func keepBest() {
    store.restore(position.best)
    for (module, state) in zip(rounding.modules, position.bestStates) { module.restore(state) }
  }

  /// One update by a batch.
  package func step(
    _ numbers: [Int], rate: Float, mode: TrainingMode
  ) throws(TrainingError) -> (loss: Double, gradientNorm: Double) {
    let plan = try plan(for: numbers)
    let (inputs, labels) = samples.batch(numbers)
    try plan.forward(inputs, mode: mode)
    let loss = try leaveGradients(plan, inputs, labels)
    plan.backward(mode: mode)
    return (loss, optimizer.step(rate: rate, clip: options.clip))
  }

  /// Takes the loss, and leaves its gradients for the backward pass.
  private func leaveGradients(
    _ plan: TrainingPlan, _ inputs: [String: Tensor], _ labels: [Int64]?
  ) throws(TrainingError) -> Double {
    let needsTeacher = !options.objective.needsLabels || !options.innerValues.isEmpty
    let given = needsTeacher ? try teacher.values(inputs) : [:]
    let output = plan.output(target)
    guard let gradient = plan.outputGradient(target) else { throw .nothingToTrain }
    var loss: Double
    switch options.objective {
    case .crossEntropy:
      loss = Loss.crossEntropy(output, labels: labels ?? [], into: gradient)
    case .squaredError:
      let labels = labels ?? []
      let columns = output.count / max(labels.count, 1)
      loss = Loss.squaredError(
        output, target: { Int(labels[$0 / columns]) == $0 % columns ? 1 : 0 }, into: gradient)
    case .divergence(let temperature):
      let rows = plan.shape(ofOutput: target).map {
        $0.elementCount / max($0.dimensions.last ?? 1, 1)
      }
      loss =
        given[target].map { teacher in
          teacher.withUnsafeElements(of: Float.self) { values in
            Loss.divergence(
              output, from: values, rows: rows ?? 1, temperature: temperature, into: gradient)
          }
        } ?? .nan
    case .noiseToSignal:
      loss = noise(target, given, plan, weight: 1, into: gradient)
    }
    for name in options.innerValues where name != target {
      guard let gradient = plan.outputGradient(name) else { continue }
      let weight = options.innerWeight / Double(options.innerValues.count)
      loss += weight * noise(name, given, plan, weight: weight, into: gradient)
    }
    return loss
  }

  private func noise(
    _ name: String, _ given: [String: Tensor], _ plan: TrainingPlan, weight: Double,
    into gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    given[name].map { teacher in
      teacher.withUnsafeElements(of: Float.self) { values in
        Loss.noiseToSignal(plan.output(name), from: values, weight: weight, into: gradient)
      }
    } ?? .nan
  }

  /// The float and the int8 model as they are now.
  package func trained() throws(TrainingError) -> TrainedModel {
    if let failure = rounding.modules.compactMap(\.failure).first { throw .quantizer(failure) }
    return try TrainedModel(
      model, store: store, rounding: rounding, recipe: recipe,
      usesTrainedWeightMaps: options.learnsScales || options.ranges != .recipe)
  }

  // Checkpoints.

  private func save(to path: String) throws {
    try TrainingCheckpoint(
      position: position, parameters: store.snapshot, names: store.entries.map(\.name),
      states: rounding.modules.map(\.state), optimizer: optimizer, identity: identity
    ).write(to: path)
  }

  private var identity: TrainingIdentity {
    TrainingIdentity(
      options: "\(options)",
      recipe: ([recipe.target.rawValue] + recipe.rules.map(\.text)).joined(separator: "\n"),
      data: [samples.digest, validationSamples.digest], instructionSet: isa.rawValue,
      threads: pool.threadCount)
  }

  /// Goes on from a checkpoint of a run with the same model, samples, recipe, options, kernels and
  /// number of threads: anything else would come to other weights.
  package func resume(from path: String) throws {
    let found = try TrainingCheckpoint(reading: path, entries: store.entries)
    if let difference = found.identity.difference(from: identity) {
      throw TrainingError.checkpoint(
        path: path, reason: "it belongs to a run with \(difference)")
    }
    guard found.states.count == rounding.modules.count else {
      throw TrainingError.checkpoint(path: path, reason: "it belongs to another recipe")
    }
    position = found.position
    store.restore(found.parameters)
    for (module, state) in zip(rounding.modules, found.states) { module.restore(state) }
    optimizer.restore(steps: found.optimizerSteps, memories: found.memories)
  }
}

/// Where a run stands, and what it keeps.
struct TrainingPosition {
  /// Counted from 1.
  var epoch = 1
  /// Batches of the epoch that are done.
  var batch = 0
  var lossSum = 0.0
  var reports: [EpochReport] = []
  var bestEpoch = 0
  var best: [Tensor] = []
  var bestStates: [FakeQuantizationModule.State] = []
  /// Scales of all modules before training.
  var firstScales: [[Float]] = []
  /// Set when a person ended the run early.
  var stop: TrainingStop?
}
