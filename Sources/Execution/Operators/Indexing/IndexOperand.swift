internal import Tensors

/// An operand whose elements say which elements of another are meant: int32 or int64, where
/// negative ones count from the end.
struct IndexOperand {
  let buffer: Buffer.ID
  let shape: Shape
  private let isWide: Bool
  private let node: String

  init(_ index: Int, of site: OperatorSite) throws(ExecutionError) {
    let value = try site.input(index)
    isWide = value.elementType == .int64
    guard isWide || value.elementType == .int32 else {
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: value.elementType)
    }
    buffer = site.read(value)
    shape = value.shape
    node = site.nodeName
  }

  func elements(_ run: RunContext) -> IndexElements {
    IndexElements(base: run.raw(buffer), isWide: isWide, node: node)
  }
}

/// The elements of an index operand while a step runs.
struct IndexElements {
  let base: UnsafeRawPointer
  let isWide: Bool
  /// The node to name in an error.
  let node: String

  subscript(position: Int) -> Int64 {
    isWide
      ? base.assumingMemoryBound(to: Int64.self)[position]
      : Int64(base.assumingMemoryBound(to: Int32.self)[position])
  }

  /// The element at `position`, counted from the front of an axis of `extent`.
  /// - Throws: ``ExecutionError/indexOutOfRange(node:index:count:)``, since it is the data's fault.
  func resolved(_ position: Int, extent: Int) throws(ExecutionError) -> Int {
    let given = self[position]
    let index = given < 0 ? given &+ Int64(extent) : given
    guard index >= 0, index < Int64(extent) else {
      throw .indexOutOfRange(node: node, index: given, count: extent)
    }
    return Int(index)
  }
}

extension OperatorSite {
  /// Bytes of an element that can be moved by itself.
  func movableWidth(of value: Value) throws(ExecutionError) -> Int {
    guard value.elementType.bitWidth >= 8 else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: value.elementType)
    }
    return value.elementType.bitWidth / 8
  }
}
