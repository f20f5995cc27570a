internal import Graphs
internal import Tensors

/// What scattering does with an element that is there already.
enum ScatterReduction: String {
  case none
  case add
  case multiply = "mul"
  case maximum = "max"
  case minimum = "min"

  init(_ node: Node) throws(ExecutionError) {
    let name = node.string("reduction") ?? "none"
    guard let reduction = ScatterReduction(rawValue: name) else {
      throw .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: "reduction",
        detail: "is '\(name)'")
    }
    self = reduction
  }

  /// Combines `count` elements at the first pointer with those at the second, in place.
  typealias Combination = (UnsafeMutableRawPointer, UnsafeRawPointer, _ count: Int) -> Void

  /// `nil` where elements of that type cannot be calculated with.
  func combination(of type: ElementType) -> Combination? {
    if self == .none {
      let width = type.bitWidth / 8
      return width == 0
        ? nil : { to, from, count in to.copyMemory(from: from, byteCount: count * width) }
    }
    return switch type {
    case .float32: reals(Float.self)
    case .float64: reals(Double.self)
    case .float16: reals(Float16.self)
    case .int64: integers(Int64.self)
    case .int32: integers(Int32.self)
    case .int16: integers(Int16.self)
    case .int8: integers(Int8.self)
    case .uint64: integers(UInt64.self)
    case .uint32: integers(UInt32.self)
    case .uint16: integers(UInt16.self)
    case .uint8: integers(UInt8.self)
    default: nil
    }
  }

  private func loop<Element>(
    _ type: Element.Type, _ combine: @escaping (Element, Element) -> Element
  ) -> Combination {
    { to, from, count in
      let target = to.assumingMemoryBound(to: type)
      let source = from.assumingMemoryBound(to: type)
      for index in 0..<count { target[index] = combine(target[index], source[index]) }
    }
  }

  private func reals<Element: BinaryFloatingPoint>(_ type: Element.Type) -> Combination {
    switch self {
    case .none, .add: loop(type, +)
    case .multiply: loop(type, *)
    case .maximum: loop(type) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
    case .minimum: loop(type) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
    }
  }

  private func integers<Element: FixedWidthInteger>(_ type: Element.Type) -> Combination {
    switch self {
    case .none, .add: loop(type, &+)
    case .multiply: loop(type, &*)
    case .maximum: loop(type, Swift.max)
    case .minimum: loop(type, Swift.min)
    }
  }
}
