package import Datasets
import Tensors

extension Dataset: BatchSource {
  package var states: [StateLink] { options.states }

  package func inputBatch(at index: Int) throws -> InputBatch {
    let batch = try batch(at: index)
    return InputBatch(
      inputs: Dictionary(uniqueKeysWithValues: batch.inputs.map { ($0.name, $0.tensor) }),
      sampleCount: batch.range.count, labels: batch.labels)
  }
}
