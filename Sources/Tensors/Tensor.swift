/// A dense, row-major array of one element type. A value: copies share storage until one is written.
package struct Tensor: Sendable {
  package private(set) var shape: Shape
  package let elementType: ElementType
  package private(set) var storage: TensorStorage
  /// Where the first element lies in `storage`.
  package private(set) var byteOffset: Int
  /// The elements of a string tensor as UTF-8; `nil` for every other type.
  package let strings: [[UInt8]]?

  package var elementCount: Int { shape.elementCount }
  package var byteCount: Int { elementType.byteCount(elements: elementCount) }

  /// All zero.
  package init(_ elementType: ElementType, shape: Shape) {
    self.shape = shape
    self.elementType = elementType
    storage = TensorStorage(byteCount: elementType.byteCount(elements: shape.elementCount))
    byteOffset = 0
    strings = elementType == .string ? Array(repeating: [], count: shape.elementCount) : nil
  }

  /// - Precondition: `values.count == shape.elementCount`.
  package init<Element: TensorElement>(_ values: [Element], shape: Shape? = nil) {
    let shape = shape ?? Shape([values.count])
    precondition(values.count == shape.elementCount, "\(values.count) values for shape \(shape)")
    self.init(Element.elementType, shape: shape)
    values.withUnsafeBytes { source in
      if let from = source.baseAddress {
        storage.base.copyMemory(from: from, byteCount: source.count)
      }
    }
  }

  package init(strings: [[UInt8]], shape: Shape) {
    precondition(strings.count == shape.elementCount, "\(strings.count) strings for \(shape)")
    self.shape = shape
    elementType = .string
    storage = TensorStorage(byteCount: 0)
    byteOffset = 0
    self.strings = strings
  }

  /// A view of `storage`.
  /// - Precondition: the tensor's bytes lie inside it.
  package init(
    _ elementType: ElementType, shape: Shape, storage: TensorStorage, byteOffset: Int = 0
  ) {
    let byteCount = elementType.byteCount(elements: shape.elementCount)
    precondition(
      byteOffset >= 0 && byteOffset + byteCount <= storage.byteCount,
      "bytes \(byteOffset)..<\(byteOffset + byteCount) of \(storage.byteCount)")
    self.shape = shape
    self.elementType = elementType
    self.storage = storage
    self.byteOffset = byteOffset
    strings = nil
  }

  package static func scalar<Element: TensorElement>(_ value: Element) -> Tensor {
    Tensor([value], shape: .scalar)
  }

  /// The same elements under another shape.
  /// - Precondition: the element counts agree.
  package func reshaped(to shape: Shape) -> Tensor {
    precondition(
      shape.elementCount == elementCount, "cannot reshape \(self.shape) to \(shape)")
    var copy = self
    copy.shape = shape
    return copy
  }

  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
  }

  /// - Precondition: `Element` is the tensor's element type.
  package func withUnsafeElements<Element: TensorElement, Result, Failure: Error>(
    of type: Element.Type = Element.self,
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(Element.elementType == elementType, "\(elementType) read as \(type)")
    let start = (storage.base + byteOffset).assumingMemoryBound(to: Element.self)
    return try body(UnsafeBufferPointer(start: start, count: elementCount))
  }

  /// Writes in place, after copying when the storage is shared or borrowed.
  package mutating func withUnsafeMutableElements<Element: TensorElement, Result, Failure: Error>(
    of type: Element.Type = Element.self,
    _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(Element.elementType == elementType, "\(elementType) written as \(type)")
    copyIfShared()
    let start = (storage.base + byteOffset).assumingMemoryBound(to: Element.self)
    return try body(UnsafeMutableBufferPointer(start: start, count: elementCount))
  }

  package mutating func withUnsafeMutableBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    copyIfShared()
    return try body(
      UnsafeMutableRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
  }

  private mutating func copyIfShared() {
    guard !isKnownUniquelyReferenced(&storage) || storage.isBorrowed else { return }
    let copy = TensorStorage(uninitializedByteCount: byteCount)
    copy.base.copyMemory(from: storage.base + byteOffset, byteCount: byteCount)
    storage = copy
    byteOffset = 0
  }

  /// A copy of the elements in row-major order.
  /// - Precondition: `Element` is the tensor's element type.
  package func array<Element: TensorElement>(of type: Element.Type = Element.self) -> [Element] {
    withUnsafeElements(of: type) { Array($0) }
  }

  /// A copy of the elements of a float32 tensor.
  package var floats: [Float] { array() }
}

extension Tensor: Equatable {
  /// Same type, shape and bytes: NaN equals NaN, and +0 differs from -0.
  package static func == (left: Tensor, right: Tensor) -> Bool {
    guard left.elementType == right.elementType, left.shape == right.shape else { return false }
    if left.strings != nil || right.strings != nil { return left.strings == right.strings }
    return left.withUnsafeBytes { a in right.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}
