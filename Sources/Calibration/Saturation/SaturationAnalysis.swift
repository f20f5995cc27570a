package import Conversion
import Execution
import Graphs
package import Kernels
import Quantization
import Tensors

/// Runs a quantized model as ONNX Runtime does on x86-64 with AVX2 and without VNNI, where
/// `vpmaddubsw` adds two products in 16 bits and saturates.
///
/// Activations of int8 become uint8 there in QuantizeLinear and DequantizeLinear form; operators on
/// int8 codes keep theirs and run, like depthwise convolutions, on kernels that widen first.
package struct SaturationAnalysis {
  private let layers: LayerGraph
  private let float: Executor
  private let quantized: Executor
  private let kernels: SaturatingKernels

  /// Finding saturated sums is slow; this many multiply-accumulates take about a second.
  private static let (workLimit, sampleLimit) = (1_000_000_000, 32)

  package init(
    layers: LayerGraph, conversion: Conversion, format: ExportFormat, threads: Int = 1,
    instructionSet: InstructionSet = .best
  ) throws {
    self.layers = layers
    kernels = SaturatingKernels(signed: format == .qdq, depthwise: false)
    func executor(_ model: Model, _ mode: ExecutionMode) throws -> Executor {
      try Executor(
        model: model,
        options: ExecutionOptions(mode: mode, instructionSet: instructionSet, threads: threads),
        isPrepared: true)
    }
    float = try executor(layers.model, .float)
    quantized = try executor(conversion.model, .integer)
  }

  /// Looks at the first samples of `data`: 32, or fewer where the model is large.
  package func run(
    _ data: some BatchSource, control: JobControl = JobControl()
  ) throws -> SaturationReport {
    guard data.batchCount > 0 else { throw CalibrationError.noData }
    var findings: [String: LayerSum] = [:]
    var order: [String] = []
    var errors: [String: (exact: Quantization.ErrorSums, saturating: Quantization.ErrorSums)] = [:]
    var (samples, work, index) = (0, 0, 0)
    let states = try StateCarrier(data.states, float)
    var carriers = (float: states, exact: states, saturating: states)
    while index < data.batchCount, samples < Self.sampleLimit, work < Self.workLimit {
      try control.checkpoint()
      let batch = try data.inputBatch(at: index)
      let isStart = data.startsSequence(at: index)
      let real = try float.run(
        carriers.float.inputs(batch.inputs, startsSequence: isStart))
      let inputs = try carriers.exact.inputs(batch.inputs, startsSequence: isStart)
      let exact = try quantized.run(inputs)
      let saturating = try quantized.runSaturating(
        carriers.saturating.inputs(batch.inputs, startsSequence: isStart), kernels)
      carriers.float.keep(real)
      carriers.exact.keep(exact)
      carriers.saturating.keep(saturating.outputs)
      for step in saturating.steps {
        let name = layer(of: step)
        if findings[name] == nil { order.append(name) }
        findings[name, default: LayerSum()].add(step)
      }
      for (name, reference) in real {
        guard let right = exact[name], let wrong = saturating.outputs[name] else { continue }
        errors[name, default: (Quantization.ErrorSums(), Quantization.ErrorSums())].exact.add(
          reference, right)
        errors[name]?.saturating.add(reference, wrong)
      }
      samples += batch.sampleCount
      work += try quantized.plan(running: inputs).multiplyAccumulates
      index += 1
    }
    return SaturationReport(
      layers: order.compactMap { name in findings[name]?.finding(named: name) },
      outputs: quantized.outputs.compactMap { output in
        errors[output.name].flatMap { found in
          found.exact.count == 0
            ? nil
            : SaturationReport.Output(
              output: output.name, exact: ErrorSummary(found.exact),
              saturating: ErrorSummary(found.saturating))
        }
      }, sampleCount: samples)
  }

  private func layer(of step: StepSaturation) -> String {
    step.nodes.lazy.compactMap { layers.layer(containing: $0) }.first?.id ?? step.step
  }
}

/// The steps of one layer over all batches.
private struct LayerSum {
  private var pairs = 0
  private var saturated = 0
  private var worst = Double.infinity

  mutating func add(_ step: StepSaturation) {
    pairs += step.pairs
    saturated += step.saturated
    worst = min(worst, step.sqnr)
  }

  func finding(named name: String) -> SaturationFinding {
    SaturationFinding(
      name: name, pairs: pairs, saturated: saturated, decibels: worst.isFinite ? worst : nil)
  }
}

extension Quantization.ErrorSums {
  /// Adds two tensors of float32 and of one shape; others have no such error.
  fileprivate mutating func add(_ reference: Tensor, _ test: Tensor) {
    guard reference.elementType == .float32, test.elementType == .float32,
      reference.shape == test.shape
    else { return }
    reference.withUnsafeElements(of: Float.self) { real in
      test.withUnsafeElements(of: Float.self) { add(reference: real, test: $0) }
    }
  }
}
