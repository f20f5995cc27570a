package import Conversion
import Datasets
import Execution
import Graphs
package import Kernels
import OrderedCollections
package import Quantization
import Tensors

/// What the outputs lose when one layer alone is quantized.
package struct LayerSensitivity: Codable, Sendable, Equatable {
  package let layer: Layer.ID
  /// Of the first output, float against quantized.
  package let output: ErrorSummary
  /// Share of samples with the same highest class; `nil` when the output ranks none.
  package let agreement: Double?
}

/// Quantizes one layer at a time and watches the output.
package struct SensitivityAnalysis {
  private let layers: LayerGraph
  private let resolution: Resolution
  private let parameters: [String: QuantizationParameters]
  private let threads: Int
  private let instructionSet: InstructionSet

  /// - Parameter parameters: of every edge that `resolution` quantizes, by representative.
  package init(
    layers: LayerGraph, resolution: Resolution, parameters: [String: QuantizationParameters],
    threads: Int = 1, instructionSet: InstructionSet = .best
  ) throws(ConversionError) {
    self.layers = layers
    self.resolution = resolution
    // Alone, a layer shares with fewer others; it keeps the parameters it has in company.
    let complete = try Converter.convert(layers, resolution, edgeParameters: parameters)
    self.parameters = complete.edgeParameters.elements.reduce(into: [:]) { $0[$1.key] = $1.value }
    self.threads = threads
    self.instructionSet = instructionSet
  }

  /// The layers that are tried, in model order.
  package var candidates: [Layer.ID] {
    layers.layers.filter { $0.role == .quantizable }.map(\.id)
      .filter { resolution.layers[$0].map { $0.precision != .float32 } ?? false }
  }

  /// Results in model order; a cancelled run throws.
  package func run(
    _ data: some BatchSource, control: JobControl = JobControl(),
    progress: (JobProgress) -> Void = { _ in }
  ) throws -> [LayerSensitivity] {
    guard data.batchCount > 0, let output = layers.model.graph.outputs.first?.name else {
      throw CalibrationError.noData
    }
    let batches = try (0..<data.batchCount).map { index in
      try data.inputBatch(at: index).inputs
    }
    let starts = batches.indices.map { data.startsSequence(at: $0) }
    let float = try executor(layers.model, .float)
    let states = try StateCarrier(data.states, float)
    var carrier = states
    var references: [Tensor?] = []
    for (inputs, isStart) in zip(batches, starts) {
      let outputs = try float.run(carrier.inputs(inputs, startsSequence: isStart))
      carrier.keep(outputs)
      references.append(outputs[output])
    }
    var gate = ProgressGate()
    var results: [LayerSensitivity] = []
    let candidates = candidates
    for (done, layer) in candidates.enumerated() {
      try control.checkpoint()
      let alone = layers.limit(resolution, to: [layer])
      let conversion = try Converter.convert(layers, alone, edgeParameters: parameters)
      let simulated = try executor(conversion.model, .simulated)
      var sums = Quantization.ErrorSums()
      var agreement = (same: 0, samples: 0)
      carrier = states
      for (index, reference) in references.enumerated() {
        try control.checkCancellation()
        let outputs = try simulated.run(
          carrier.inputs(batches[index], startsSequence: starts[index]))
        carrier.keep(outputs)
        guard let real = reference, let rounded = outputs[output] else { continue }
        real.withUnsafeElements(of: Float.self) { reference in
          rounded.withUnsafeElements(of: Float.self) { sums.add(reference: reference, test: $0) }
        }
        if let expected = real.topClasses, let found = rounded.topClasses {
          agreement.samples += expected.count
          agreement.same += zip(expected, found).filter(==).count
        }
      }
      results.append(
        LayerSensitivity(
          layer: layer, output: ErrorSummary(sums),
          agreement: agreement.samples > 0
            ? Double(agreement.same) / Double(agreement.samples) : nil))
      if gate.opens(isFinal: done + 1 == candidates.count) {
        progress(
          JobProgress(done: done + 1, total: candidates.count, elapsed: gate.elapsed, label: layer))
      }
    }
    return results
  }

  private func executor(_ model: Model, _ mode: ExecutionMode) throws -> Executor {
    try Executor(
      model: model,
      options: ExecutionOptions(mode: mode, instructionSet: instructionSet, threads: threads),
      isPrepared: true)
  }
}
