package import Datasets
package import Tensors

extension Dataset: BatchSource {
  package var states: [StateLink] { options.states }

  package var expectedShapes: [String: Shape]? {
    guard misfits.isEmpty, states.isEmpty else { return nil }
    var shapes: [String: Shape] = [:]
    for input in bindings.map(\.input) {
      let extents = input.dimensions.enumerated().map { axis, extent in
        extent ?? (axis == 0 ? min(options.batchSize, sampleCount) : nil)
      }
      guard !extents.contains(nil) else { return nil }
      shapes[input.name] = Shape(extents.compactMap { $0 })
    }
    return shapes
  }

  package func inputBatch(at index: Int) throws -> InputBatch {
    let batch = try batch(at: index)
    return InputBatch(
      inputs: Dictionary(uniqueKeysWithValues: batch.inputs.map { ($0.name, $0.tensor) }),
      sampleCount: batch.range.count, labels: batch.labels)
  }
}
