package import Tensors

/// Some samples, ready for the model.
package struct Batch: Sendable {
  /// Its place among the batches.
  package let index: Int
  /// Which samples it holds, counted in the order in which the dataset gives them.
  package let range: Range<Int>
  /// One tensor for each input of the model, in the model's order.
  package let inputs: [(name: String, tensor: Tensor)]
  /// The class of each sample, where classes are known.
  package let labels: [Int64]?
}
