package import Datasets
package import Tensors

/// All samples of a training run, in memory.
package struct TrainingSamples: Sendable {
  /// By input: samples along the first axis, or the whole input where every batch takes the same.
  private var tensors: [String: Tensor]
  private var shared: Set<String>
  package let labels: [Int64]?
  package let count: Int
  /// Tells the files and choices that the samples come from; nil where that is not known.
  package var digest: String?
  /// Rows of one sample: more than one where the model fixes its batch.
  private let rowsPerSample: Int

  /// - Precondition: tensors agree in the number of rows, and with the labels.
  package init(_ tensors: [String: Tensor], labels: [Int64]? = nil, shared: Set<String> = []) {
    self.tensors = tensors
    self.shared = shared
    self.labels = labels
    rowsPerSample = 1
    count = tensors.first { !shared.contains($0.key) }?.value.shape[0] ?? 0
    precondition(labels.map { $0.count == count } ?? true, "labels for \(count) samples")
  }

  /// Reads all that `dataset` holds; it must give one sample to a batch.
  package init(_ dataset: Dataset) throws {
    var tensors: [String: Tensor] = [:]
    var labels: [Int64] = []
    var shared: Set<String> = []
    var rows = 1
    for index in 0..<dataset.batchCount {
      let batch = try dataset.batch(at: index)
      for (name, tensor) in batch.inputs {
        if dataset.isConstant(name) {
          shared.insert(name)
          tensors[name] = tensor
        } else {
          if index == 0 {
            var shape = tensor.shape
            rows = shape.rank > 0 ? shape[0] : 1
            if shape.rank > 0 { shape[0] = rows * dataset.batchCount }
            tensors[name] = Tensor(tensor.elementType, shape: shape)
          }
          Self.put(tensor, at: index, into: &tensors[name], of: name)
        }
      }
      labels += batch.labels ?? []
    }
    self.tensors = tensors
    self.shared = shared
    self.labels = labels.count == dataset.batchCount * rows ? labels : nil
    rowsPerSample = rows
    count = dataset.batchCount
  }

  private static func put(
    _ tensor: Tensor, at index: Int, into all: inout Tensor?, of name: String
  ) {
    tensor.withUnsafeBytes { bytes in
      all?.withUnsafeMutableBytes { target in
        guard let from = bytes.baseAddress, let to = target.baseAddress else { return }
        precondition((index + 1) * bytes.count <= target.count, "samples of '\(name)' differ")
        (to + index * bytes.count).copyMemory(from: from, byteCount: bytes.count)
      }
    }
  }

  /// The samples of those numbers as one batch.
  package func batch(_ numbers: [Int]) -> (inputs: [String: Tensor], labels: [Int64]?) {
    var inputs: [String: Tensor] = [:]
    for (name, tensor) in tensors {
      guard !shared.contains(name) else {
        inputs[name] = tensor
        continue
      }
      var shape = tensor.shape
      shape[0] = numbers.count * rowsPerSample
      var part = Tensor(tensor.elementType, shape: shape)
      let size = tensor.byteCount / max(count, 1)
      tensor.withUnsafeBytes { source in
        part.withUnsafeMutableBytes { target in
          guard let from = source.baseAddress, let to = target.baseAddress else { return }
          for (place, number) in numbers.enumerated() {
            (to + place * size).copyMemory(from: from + number * size, byteCount: size)
          }
        }
      }
      inputs[name] = part
    }
    let chosen = labels.map { labels in
      numbers.flatMap { labels[$0 * rowsPerSample..<($0 + 1) * rowsPerSample] }
    }
    return (inputs, chosen)
  }

  /// A part of the samples, apart from the rest: the last `share` of them in the order of a seed.
  package func split(validationShare: Double, seed: UInt64) -> (training: [Int], validation: [Int])
  {
    var order = Array(0..<count)
    var generator = SeededGenerator(seed: seed)
    order.shuffle(using: &generator)
    let kept = Int((Double(count) * validationShare).rounded())
    return (Array(order.dropLast(kept)).sorted(), Array(order.suffix(kept)).sorted())
  }
}
