import ArgumentParser
import Calibration
import Datasets
import Execution
import Graphs
import Tensors

/// Runs a model step by step over sequences and stacks what every step gives.
struct RunSequence {
  let executor: Executor
  let links: [StateLink]
  let preprocessing: String

  /// Outputs `[steps, ...]`, of all sequences one after the other.
  func outputs(
    of source: DatasetSource, for inputs: [InputSpecification]
  ) throws -> [(name: String, tensor: Tensor)] {
    var carrier = try StateCarrier(links, executor)
    let fed = Set(links.map(\.input))
    var options = DatasetOptions(purpose: .evaluation, states: links)
    options.preprocessing = try Preprocessing(parsing: preprocessing)
    let steps = try Dataset(
      source, inputs: inputs.filter { !fed.contains($0.name) }, options: options)
    for note in steps.notes { warn(note) }
    var collected: [String: [Tensor]] = [:]
    for index in 0..<steps.batchCount {
      let results = try executor.run(
        carrier.inputs(
          steps.inputBatch(at: index).inputs, startsSequence: steps.startsSequence(at: index)))
      carrier.keep(results)
      for (name, tensor) in results { collected[name, default: []].append(tensor) }
    }
    return try executor.outputs.compactMap { output in
      guard let parts = collected[output.name] else { return nil }
      return (output.name, try Tensor.stacked(parts, place: "the output '\(output.name)'"))
    }
  }
}
