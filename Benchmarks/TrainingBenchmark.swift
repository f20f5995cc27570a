import Calibration
import Conversion
import Datasets
import Execution
import Graphs
import Kernels
import Quantization
import Tensors
import Training
import Workbench

/// What one update of all weights takes: forwards, cross-entropy, backwards and AdamW.
struct TrainingBenchmark {
  let project: Project
  let dataset: Dataset
  let recipe: Recipe
  let rounds: Int

  private static let warmUp = 3

  func run() throws -> [Finding] {
    let inputs = try dataset.inputBatch(at: 0).inputs
    return [
      try measure("training step in float", inputs, rounding: nil),
      try measure(
        "training step, rounded", inputs,
        rounding: try Rounding(project.layers, try project.layers.resolve(recipe))),
    ]
  }

  private func measure(
    _ name: String, _ inputs: [String: Tensor], rounding: Rounding?
  ) throws -> Finding {
    let store = ParameterStore()
    let output = project.layers.model.graph.outputs[0].name
    let pool = ThreadPool(threads: project.options.threads)
    let isa = project.options.instructionSet
    let plan = try TrainingPlan(
      project.layers.model, sample: inputs, outputs: [output], store: store, rounding: rounding,
      pool: pool, isa: isa)
    let optimizer = Optimizer(.adamW, store, isa: isa, pool: pool)
    let classes = max(plan.shape(ofOutput: output)?.dimensions.last ?? 1, 1)
    func step() throws {
      try plan.forward(inputs, mode: .training)
      let made = plan.output(output)
      if let gradient = plan.outputGradient(output) {
        // Speed does not depend on what the labels are.
        let labels = (0..<made.count / classes).map { Int64($0 % classes) }
        _ = Loss.crossEntropy(made, labels: labels, into: gradient)
      }
      plan.backward(mode: .training)
      optimizer.step(rate: 1e-6)
    }
    for _ in 0..<Self.warmUp { try step() }
    return Finding(
      name, .milliseconds,
      try (0..<max(rounds, 3)).map { round in
        Sample(subject: "round \(round + 1)", value: try milliseconds(step))
      })
  }
}
