package import Tensors

/// The constants that training changes, by name, with their gradients: shared by all plans of a
/// model.
///
/// `@unchecked`: one training run at a time reads and writes it.
package final class ParameterStore: @unchecked Sendable {
  package enum Kind: Hashable, Sendable {
    /// Also decays under an optimizer that does that.
    case weight
    /// A vector: a bias, or the scales of a normalization.
    case vector
    /// The scales of codes.
    case scale
    /// Running statistics, which no optimizer changes.
    case statistic
  }

  package struct Entry {
    package let name: String
    package let shape: Shape
    let values: UnsafeMutablePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
    package let kind: Kind
    /// Whether the last backward pass reached it.
    package fileprivate(set) var hasGradient = false

    package var count: Int { shape.elementCount }
  }

  package private(set) var entries: [Entry] = []
  private var numbers: [String: Int] = [:]

  package init() {}

  deinit {
    for entry in entries {
      entry.values.deallocate()
      entry.gradients.deallocate()
    }
  }

  package func number(of name: String) -> Int? { numbers[name] }

  /// Adds a constant, or finds it.
  func add(
    _ name: String, _ tensor: Tensor, isTrained: Bool, kind: Kind? = nil
  ) -> Int {
    if let number = numbers[name] { return number }
    let count = tensor.elementCount
    let values = Self.memory(count)
    let gradients = Self.memory(isTrained ? count : 0)
    tensor.withUnsafeElements(of: Float.self) { elements in
      if let base = elements.baseAddress { values.update(from: base, count: count) }
    }
    numbers[name] = entries.count
    entries.append(
      Entry(
        name: name, shape: tensor.shape, values: values, gradients: gradients,
        kind: kind ?? (isTrained ? (tensor.shape.rank > 1 ? .weight : .vector) : .statistic)))
    return entries.count - 1
  }

  private static func memory(_ count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride + 64
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let floats = raw.bindMemory(to: Float.self, capacity: bytes / 4)
    floats.initialize(repeating: 0, count: bytes / 4)
    return floats
  }

  func setReached(_ numbers: Set<Int>) {
    for index in entries.indices { entries[index].hasGradient = numbers.contains(index) }
  }

  func markReached(_ number: Int) { entries[number].hasGradient = true }

  package func values(_ number: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: entries[number].values, count: entries[number].count)
  }

  package func gradients(_ number: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: entries[number].gradients, count: entries[number].count)
  }

  /// Copies of all values, in order.
  package var snapshot: [Tensor] {
    entries.indices.map { Tensor(Array(values($0)), shape: entries[$0].shape) }
  }

  /// Puts a snapshot back.
  /// - Precondition: it has the same entries.
  package func restore(_ snapshot: [Tensor]) {
    precondition(snapshot.count == entries.count, "a snapshot of other parameters")
    for (index, tensor) in snapshot.enumerated() {
      precondition(tensor.elementCount == entries[index].count, "a snapshot of other shapes")
      _ = values(index).update(fromContentsOf: tensor.floats)
    }
  }
}
