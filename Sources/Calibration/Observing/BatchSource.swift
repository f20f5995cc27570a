package import Datasets
package import Tensors

/// What a model is given at once.
package struct InputBatch: Sendable {
  /// By graph input.
  package let inputs: [String: Tensor]
  package let sampleCount: Int
  /// The class of each sample, where classes are known.
  package let labels: [Int64]?

  package init(inputs: [String: Tensor], sampleCount: Int, labels: [Int64]? = nil) {
    self.inputs = inputs
    self.sampleCount = sampleCount
    self.labels = labels
  }
}

/// Where a run takes its inputs from.
package protocol BatchSource: Sendable {
  var batchCount: Int { get }
  func inputBatch(at index: Int) throws -> InputBatch
  /// What each batch takes from the one before; `inputBatch(at:)` leaves these inputs out.
  var states: [StateLink] { get }
  /// Whether states are zero before the batch at `index`.
  func startsSequence(at index: Int) -> Bool
  /// What shapes most batches will have, by input; `nil` where that shows in the batches only.
  var expectedShapes: [String: Shape]? { get }
}

extension BatchSource {
  package var states: [StateLink] { [] }
  package func startsSequence(at index: Int) -> Bool { index == 0 }
  package var expectedShapes: [String: Shape]? { nil }
}

/// Batches held in memory.
extension [InputBatch]: BatchSource {
  package var batchCount: Int { count }
  package func inputBatch(at index: Int) -> InputBatch { self[index] }
}
