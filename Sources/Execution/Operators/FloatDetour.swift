internal import Tensors

extension OperatorSite {
  /// A constant operand of any floating-point type.
  func reals(_ index: Int) throws(ExecutionError) -> [Float] {
    let tensor = try constant(index)
    switch tensor.elementType {
    case .float32: return tensor.floats
    case .float64: return tensor.array(of: Double.self).map { Float($0) }
    case let other: throw wrongType(other)
    }
  }

  /// The bytes of a number as an element of `type`.
  func elementBytes(_ value: Float, _ type: ElementType) throws(ExecutionError) -> [UInt8] {
    func bytes<Element>(_ element: Element) -> [UInt8] {
      withUnsafeBytes(of: element) { Array($0) }
    }
    guard value != 0 else {
      guard type.bitWidth >= 8 else { throw wrongType(type) }
      return [UInt8](repeating: 0, count: type.bitWidth / 8)
    }
    switch type {
    case .float32: return bytes(value)
    case .float64: return bytes(Double(value))
    case .uint8: return bytes(UInt8(clamping: Int(value)))
    case .int8: return bytes(Int8(clamping: Int(value)))
    case .int32: return bytes(Int32(clamping: Int(value)))
    case .int64: return bytes(Int64(value))
    default: throw wrongType(type)
    }
  }

  /// Computes an operator on integers by way of float32.
  ///
  /// - Parameter rounds: whether results are rounded to nearest, not towards zero.
  func compileInFloat(
    _ input: Value, rounds: Bool, _ compile: (Value) throws(ExecutionError) -> Void
  ) throws(ExecutionError) {
    switch input.elementType {
    case .uint8: try detour(input, UInt8.self, rounds, compile)
    case .int8: try detour(input, Int8.self, rounds, compile)
    case .int16: try detour(input, Int16.self, rounds, compile)
    case .uint16: try detour(input, UInt16.self, rounds, compile)
    case .int32: try detour(input, Int32.self, rounds, compile)
    case .int64: try detour(input, Int64.self, rounds, compile)
    case let other: throw wrongType(other)
    }
  }

  private func detour<Element: TensorElement & FixedWidthInteger>(
    _ input: Value, _ type: Element.Type, _ rounds: Bool,
    _ compile: (Value) throws(ExecutionError) -> Void
  ) throws(ExecutionError) {
    let wide = try mapped(input, to: .float32) { from, to, count in
      let (source, target) = (
        from.assumingMemoryBound(to: type), to.assumingMemoryBound(to: Float.self)
      )
      for index in 0..<count { target[index] = Float(source[index]) }
    }
    let outer = collectedOutputs
    computesWidened = true
    collectedOutputs = []
    try compile(wide)
    let results = collectedOutputs ?? []
    collectedOutputs = outer
    for result in results {
      declare(
        try mapped(result, to: input.elementType) { from, to, count in
          let (source, target) = (
            from.assumingMemoryBound(to: Float.self), to.assumingMemoryBound(to: type)
          )
          for index in 0..<count {
            let value = source[index].rounded(rounds ? .toNearestOrEven : .towardZero)
            target[index] = Element(exactly: value) ?? (value < 0 ? .min : .max)
          }
        })
    }
  }
}
