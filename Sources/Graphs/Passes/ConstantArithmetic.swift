internal import Tensors

// Operators that compute with elements: int32, int64 and float32, each in its own precision.
extension Tensor {
  /// Add, Sub, Mul or Div with broadcasting. Integer overflow wraps, as in ONNX Runtime; division
  /// by zero gives `nil`.
  func combined(with other: Tensor, _ operation: String) -> Tensor? {
    guard elementType == other.elementType, let shape = shape.broadcast(with: other.shape),
      shape.checkedElementCount.map({ $0 <= ConstantOperators.largestElementCount }) ?? false
    else { return nil }
    switch elementType {
    case .int64: return integers(Int64.self, with: other, operation, shape)
    case .int32: return integers(Int32.self, with: other, operation, shape)
    case .float32:
      return elements(Float.self, with: other, shape) { a, b in
        switch operation {
        case "Add": a + b
        case "Sub": a - b
        case "Mul": a * b
        default: a / b
        }
      }
    default: return nil
    }
  }

  private func integers<Element: TensorElement & FixedWidthInteger>(
    _ type: Element.Type, with other: Tensor, _ operation: String, _ shape: Shape
  ) -> Tensor? {
    if operation == "Div", other.array(of: type).contains(0) { return nil }
    return elements(type, with: other, shape) { a, b in
      switch operation {
      case "Add": a &+ b
      case "Sub": a &- b
      case "Mul": a &* b
      default: a.dividedReportingOverflow(by: b).partialValue
      }
    }
  }

  private func elements<Element: TensorElement>(
    _ type: Element.Type, with other: Tensor, _ shape: Shape,
    _ combine: (Element, Element) -> Element
  ) -> Tensor {
    let (left, right) = (array(of: type), other.array(of: type))
    let (leftStrides, rightStrides) = (strides(within: shape), other.strides(within: shape))
    let to = shape.strides
    let values = (0..<shape.elementCount).map { position in
      var (rest, a, b) = (position, 0, 0)
      for axis in 0..<to.count {
        a += rest / to[axis] * leftStrides[axis]
        b += rest / to[axis] * rightStrides[axis]
        rest %= to[axis]
      }
      return combine(left[a], right[b])
    }
    return Tensor(values, shape: shape)
  }

  /// Strides of this tensor seen as `shape`: 0 along axes that it is repeated on.
  private func strides(within shape: Shape) -> [Int] {
    let own = self.shape.strides
    let missing = shape.rank - self.shape.rank
    return (0..<shape.rank).map { axis in
      axis < missing || self.shape[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  var negated: Tensor? {
    switch elementType {
    case .int64: Tensor(array(of: Int64.self).map { 0 &- $0 }, shape: shape)
    case .int32: Tensor(array(of: Int32.self).map { 0 &- $0 }, shape: shape)
    default: nil
    }
  }

  /// Among int32, int64, float32 and bool. Floats that no integer can hold give `nil`.
  func cast(to rawType: Int64) -> Tensor? {
    guard let target = Int32(exactly: rawType).flatMap(ElementType.init(rawValue:)) else {
      return nil
    }
    if target == elementType { return self }
    switch elementType {
    case .float32:
      return cast(floats: floats, to: target)
    case .bool:
      return cast(integers: array(of: Bool.self).map { $0 ? 1 : 0 }, to: target)
    default:
      return integers.flatMap { cast(integers: $0, to: target) }
    }
  }

  private func cast(integers: [Int64], to target: ElementType) -> Tensor? {
    switch target {
    case .int64: Tensor(integers, shape: shape)
    case .int32: Tensor(integers.map { Int32(truncatingIfNeeded: $0) }, shape: shape)
    case .float32: Tensor(integers.map { Float($0) }, shape: shape)
    case .bool: Tensor(integers.map { $0 != 0 }, shape: shape)
    default: nil
    }
  }

  private func cast(floats: [Float], to target: ElementType) -> Tensor? {
    switch target {
    case .int64, .int32:
      guard floats.allSatisfy({ $0.magnitude < 0x1p31 }) else { return nil }
      return cast(integers: floats.map { Int64($0) }, to: target)
    case .bool: return Tensor(floats.map { $0 != 0 }, shape: shape)
    default: return nil
    }
  }
}
