internal import Graphs
internal import Tensors

/// Shape and Size: known as soon as the operand's shape is.
struct ShapeQuery: OperatorKernel {
  private let asksForCount: Bool
  private let start: Int
  private let end: Int?

  init(_ node: Node, opset: Int64) {
    asksForCount = node.is("Size")
    start = Int(clamping: node.int("start") ?? 0)
    end = node.int("end").map { Int(clamping: $0) }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let shape = try site.input(0).shape
    guard !asksForCount else {
      return site.emitConstant(.scalar(Int64(shape.elementCount)))
    }
    func clamped(_ limit: Int) -> Int {
      min(max(limit < 0 ? limit + shape.rank : limit, 0), shape.rank)
    }
    let low = clamped(start)
    let high = max(low, end.map(clamped) ?? shape.rank)
    site.emitConstant(Tensor(shape.dimensions[low..<high].map { Int64($0) }))
  }
}

/// ConstantOfShape: one number, repeated.
struct ConstantOfShape: OperatorKernel {
  private let value: Tensor

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    value = node.tensor("value") ?? Tensor([Float(0)])
    guard value.elementCount == 1, value.elementType != .string else {
      throw .invalidAttribute(
        operatorName: "ConstantOfShape", node: node.name, attribute: "value",
        detail: "must hold one number")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let shape = Shape(try site.integers(0))
    guard let count = shape.checkedElementCount, count < 1 << 40 else {
      throw site.mismatch("a shape of \(shape.dimensions)")
    }
    site.emitConstant(value.repeated(to: shape))
  }
}

extension Tensor {
  /// The single element of this tensor, repeated.
  func repeated(to shape: Shape) -> Tensor {
    if elementType.bitWidth < 8, let code = codes?.first {
      return Tensor(
        codes: [Int32](repeating: code, count: shape.elementCount), elementType, shape: shape)
    }
    var result = Tensor(elementType, shape: shape)
    let width = elementType.bitWidth / 8
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for index in 0..<shape.elementCount {
          (to + index * width).copyMemory(from: from, byteCount: width)
        }
      }
    }
    return result
  }
}
