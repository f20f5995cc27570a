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
    guard value.elementCount == 1, value.elementType.bitWidth >= 8 else {
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

/// Range over integers or floats.
struct Enumeration: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let limits = try [site.constant(0), site.constant(1), site.constant(2)]
    switch limits[0].elementType {
    case .int64:
      site.emitConstant(Tensor(try range(limits.map { $0.array(of: Int64.self)[0] }, site)))
    case .int32:
      let values = try range(limits.map { Int64($0.array(of: Int32.self)[0]) }, site)
      site.emitConstant(Tensor(values.map { Int32(truncatingIfNeeded: $0) }))
    case .float32:
      let values = limits.map { $0.floats[0] }
      let count = max(0, ((values[1] - values[0]) / values[2]).rounded(.up))
      guard count < Float(1 << 31) else { throw site.mismatch("a step of \(values[2])") }
      site.emitConstant(Tensor((0..<Int(count)).map { values[0] + Float($0) * values[2] }))
    case let other:
      throw .wrongElementType(operatorName: "Range", node: site.nodeName, found: other)
    }
  }

  private func range(_ limits: [Int64], _ site: OperatorSite) throws(ExecutionError) -> [Int64] {
    let span = Double(limits[1]) - Double(limits[0])
    guard limits[2] != 0, span / Double(limits[2]) < Double(1 << 31) else {
      throw site.mismatch("from \(limits[0]) to \(limits[1]) by \(limits[2])")
    }
    return Array(stride(from: limits[0], to: limits[1], by: Int64.Stride(limits[2])))
  }
}

/// Constant, where preparation left one in place.
struct ConstantValue: OperatorKernel {
  private let value: Tensor

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let floats = { () -> [Float]? in
      if case .floats(let values)? = node.attributes["value_floats"] { values } else { nil }
    }()
    if let tensor = node.tensor("value") {
      value = tensor
    } else if let number = node.float("value_float") {
      value = .scalar(number)
    } else if let number = node.int("value_int") {
      value = .scalar(number)
    } else if let numbers = node.ints("value_ints") {
      value = Tensor(numbers)
    } else if let floats {
      value = Tensor(floats)
    } else {
      throw .unsupportedVariant(
        operatorName: "Constant", node: node.name, detail: "its value is not a number")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) { site.emitConstant(value) }
}

extension Tensor {
  /// The single element of this tensor, repeated.
  func repeated(to shape: Shape) -> Tensor {
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
