internal import Kernels
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
    let type = input.elementType
    guard type.isInteger, type.bitWidth >= 8 else { throw wrongType(type) }
    let outer = collectedOutputs
    collectedOutputs = []
    try compile(try converted(input, as: .float32))
    let results = collectedOutputs ?? []
    collectedOutputs = outer
    for result in results {
      if rounds { try round(result) }
      declare(try converted(result, as: type))
    }
  }

  /// Rounds a new value in place.
  private func round(_ value: Value) throws(ExecutionError) {
    let buffer = write(value)
    let count = value.shape.elementCount
    let isa = self.isa
    try compiler.emit(
      Step(
        name: nodeName, operatorName: "Round", nodes: [], output: value.name,
        outputShape: value.shape, kernel: "elementwise-f32-\(isa.rawValue)", reads: [buffer],
        writes: [buffer]
      ) { (run: RunContext) throws(ExecutionError) in
        FloatActivation.round.apply(
          run.floats(buffer), into: run.floats(buffer), count: count, isa: isa, pool: run.pool)
      })
  }
}
