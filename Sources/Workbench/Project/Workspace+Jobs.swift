package import Calibration
package import Conversion
package import Datasets
import Execution
import Foundation
import Graphs
import Kernels
import ONNX
package import Quantization
package import Sessions
package import Tensors

/// The jobs: each takes minutes at most, says how far it is, and can be cancelled.
extension Workspace {
  /// What will calibrate the model with `dataset`, ready to run before any of it is read.
  package func calibrator(for dataset: Dataset) throws -> Calibrator {
    try project.refuseToQuantizeAgain()
    let calibrator = try Calibrator(
      layers: project.layers, threads: project.options.threads,
      instructionSet: project.options.instructionSet)
    calibrator.prepare(for: dataset)
    return calibrator
  }

  /// Observes `dataset`; afterwards `statistics` hold what every observer saw.
  ///
  /// - Parameter prepared: what ``calibrator(for:)`` gave; made here when there is none.
  package mutating func calibrate(
    _ dataset: Dataset, with prepared: Calibrator? = nil, control: JobControl,
    progress: (CalibrationProgress) -> Void
  ) throws {
    let calibrator = try prepared ?? calibrator(for: dataset)
    let manifest = SideWork { try dataset.manifest(mixer: DigestKernel.sha256) }
    let start = ContinuousClock.now
    statistics = try calibrator.run(dataset, control: control, progress: progress)
    calibrationSeconds = (ContinuousClock.now - start).seconds
    dataDigest = try manifest.value().digest
  }

  /// Every layer's loss: predicted, alone, and with everything quantized.
  package func errors(
    _ dataset: Dataset, recipe: Recipe, analysis: inout Analysis, control: JobControl,
    progress: (JobProgress) -> Void
  ) throws -> ErrorTable {
    let layers = try project.layers.grouped(by: recipe)
    let run = try ErrorAnalysis(
      layers: layers, resolution: try analysis.resolution(recipe),
      conversion: try analysis.convert(recipe), threads: project.options.threads,
      instructionSet: project.options.instructionSet)
    let report = try run.run(dataset, control: control) { step in
      progress(JobProgress(done: step.done, total: step.total, detail: step.label))
    }
    let evaluations = Dictionary(
      try analysis.evaluate(recipe).map { ($0.layer, $0) }, uniquingKeysWith: { first, _ in first })
    let rows = report.layers.map { ErrorTable.Row($0, evaluations[$0.layer]) }
    return ErrorTable(
      rows: rows, output: ErrorTable.Output(report),
      advice: try analysis.advice(recipe, errors: report).compactMap { advice in
        advice.rules.first.map { rule in
          AdviceSummary(
            layer: advice.layer, title: advice.kind.title, detail: advice.text,
            gainDecibels: advice.predictedGain, rule: rule)
        }
      })
  }

  /// The output's loss with one layer quantized at a time.
  package func sensitivity(
    _ dataset: Dataset, recipe: Recipe, analysis: inout Analysis, control: JobControl,
    progress: (JobProgress) -> Void
  ) throws -> [SensitivityRow] {
    let conversion = try analysis.convert(recipe)
    let layers = try project.layers.grouped(by: recipe)
    let run = try SensitivityAnalysis(
      layers: layers, resolution: try analysis.resolution(recipe),
      parameters: Dictionary(
        conversion.edgeParameters.map { ($0.key, $0.value) },
        uniquingKeysWith: { first, _ in first }),
      threads: project.options.threads, instructionSet: project.options.instructionSet)
    return try run.run(dataset, control: control) { step in
      progress(JobProgress(done: step.done, total: step.total, detail: step.label))
    }.map { SensitivityRow(layer: $0.layer, outputDecibels: $0.output.decibels) }
  }

  /// Writes the int8 model, reads it back, and makes sure that it computes what was measured.
  /// A file that does not is removed.
  ///
  /// - Parameter dataset: whose first batch is run; `nil` for made-up inputs, where the model runs
  ///   on such.
  package func export(
    _ recipe: Recipe, to path: String, format: ExportFormat = .qdq, analysis: inout Analysis,
    dataset: Dataset?
  ) throws -> ExportSummary {
    try project.refuseToReplace(at: path)
    let conversion = try analysis.convert(recipe)
    let model = conversion.model(in: format)
    let dataset = dataset.flatMap { $0.batchCount > 0 ? $0 : nil }
    let inputs = try checkingInputs(dataset)
    let expected = try outputs(of: conversion.model, inputs, areMadeUp: dataset == nil)
    let candidate = path + ".checking-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: candidate) }
    try ModelExporter.save(model, to: candidate)
    let reloaded = try ModelImporter.load(path: candidate)
    if let expected {
      let found = try run(reloaded, mode: .integer, inputs)
      for (name, tensor) in expected where found[name] != tensor {
        throw WorkbenchError.exportDiffers(path: path, what: "output '\(name)' changed on reload")
      }
    }
    try ModelExporter.save(model, to: path)
    let byteCount =
      (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    return ExportSummary(
      path: path, byteCount: byteCount,
      verification: "\(Numbers.bytes(conversion.sizes.quantizedByteCount)), "
        + (expected == nil
          ? "reloaded; not run, because the model does not run on made-up inputs and no data are given"
          : "reloaded and run, outputs equal"))
  }

  /// Inputs to check an export with: the first batch, states at their beginning, or made-up ones.
  private func checkingInputs(_ dataset: Dataset?) throws -> [String: Tensor] {
    guard let dataset else { return try sampleInputs(nil) }
    let graph = project.layers.model.graph
    var carrier = try StateCarrier(
      dataset.states, inputs: graph.requiredInputs, outputs: graph.outputs)
    return try carrier.inputs(try dataset.inputBatch(at: 0).inputs, startsSequence: true)
  }

  /// What the int8 model makes of `inputs`.
  /// - Returns: `nil` where they are made up and the float model refuses them too, as a model does
  ///   that tells its way by an input.
  private func outputs(
    of model: Model, _ inputs: [String: Tensor], areMadeUp: Bool
  ) throws -> [String: Tensor]? {
    do {
      return try run(model, mode: .integer, inputs)
    } catch let error as ExecutionError {
      guard areMadeUp, (try? project.floatExecutor().run(inputs)) == nil else { throw error }
      return nil
    }
  }

  private func run(
    _ model: Model, mode: ExecutionMode, _ inputs: [String: Tensor]
  ) throws -> [String: Tensor] {
    try Executor(
      model: model,
      options: ExecutionOptions(
        mode: mode, instructionSet: project.options.instructionSet,
        threads: project.options.threads)
    ).run(inputs)
  }

  /// A batch as the executor takes it; seeded random numbers where there is none.
  /// - Throws: `WorkbenchError.inputTooLarge` when random numbers would fill the memory.
  package func sampleInputs(_ batch: Batch?, batchSize: Int = 1) throws -> [String: Tensor] {
    for (name, shape) in project.shapes where batch == nil {
      guard let count = shape.checkedElementCount, count <= Self.mostRandomElements else {
        throw WorkbenchError.inputTooLarge(name, shape: shape.description)
      }
    }
    let batch =
      try batch
      ?? project.dataset(
        DataRequest(path: "", preprocessing: "", batchSize: batchSize, limit: batchSize)
      ).batch(at: 0)
    var inputs = Dictionary(
      batch.inputs.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    // States are no data; any values will do here, and zeros are what a sequence begins with.
    for input in project.inputSpecifications where inputs[input.name] == nil {
      inputs[input.name] = Tensor(
        input.elementType, shape: project.shapes[input.name] ?? Shape([]))
    }
    return inputs
  }
}

extension Workspace {
  /// Of one input: 64 MB of float32, and a second to draw them.
  static let mostRandomElements = 1 << 24
}

extension ErrorTable.Row {
  init(_ error: LayerError, _ evaluation: LayerEvaluation?) {
    // What the kernels really gave, where they ran; otherwise the simulation.
    let everything = error.executed ?? error.accumulated
    self.init(
      id: error.layer, weightDecibels: evaluation?.weightDecibels,
      predictedDecibels: evaluation?.activation?.decibels,
      roundingShare: evaluation?.activation?.roundingShare,
      localDecibels: error.local?.decibels, accumulatedDecibels: everything?.decibels,
      cosine: everything?.cosine, largestError: everything?.largestError)
  }
}

extension ErrorTable.Output {
  init(_ report: ErrorReport) {
    let output = report.outputs.first
    self.init(
      samples: report.sampleCount, int8Decibels: output?.executed.decibels,
      simulatedDecibels: output?.simulated.decibels,
      topOneAgreement: output?.classes?.executed,
      floatAccuracy: output?.classes?.accuracy?.float,
      int8Accuracy: output?.classes?.accuracy?.executed)
  }
}

extension Advice.Kind {
  /// What is advised, in a few words.
  var title: String {
    switch self {
    case .observer: "another observer"
    case .perChannel: "weights per channel"
    case .keepFloat: "keep in fp32"
    case .fullRange: "all 8 bits"
    case .weights: "look at the weights"
    case .data: "more or other data"
    case .coverage: "coverage"
    }
  }
}
