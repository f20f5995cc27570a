internal import Glibc
internal import Tensors

/// Floating-point numbers that plain implementations calculate with; 16-bit ones are widened first.
protocol RealElement: TensorElement, BinaryFloatingPoint {
  static func power(_ base: Self, _ exponent: Self) -> Self
  static func exponential(_ value: Self) -> Self
}

extension Float: RealElement {
  static func power(_ base: Float, _ exponent: Float) -> Float { pow(base, exponent) }
  static func exponential(_ value: Float) -> Float { exp(value) }
}

extension Double: RealElement {
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
  static func exponential(_ value: Double) -> Double { exp(value) }
}

extension OperatorSite {
  func wrongType(_ found: ElementType) -> ExecutionError {
    .wrongElementType(operatorName: operatorName, node: nodeName, found: found)
  }

  /// Refuses an operand of another type than the first one has.
  func require(_ value: Value, _ type: ElementType) throws(ExecutionError) {
    guard value.elementType == type else {
      throw mismatch("\(type) with \(value.elementType)")
    }
  }

  /// The buffers of optional operands from `first` on, all of type `type`.
  func optionalReads(
    _ operands: Range<Int>, _ type: ElementType
  ) throws(ExecutionError) -> [Buffer.ID?] {
    var buffers: [Buffer.ID?] = []
    for index in operands {
      guard let value = try optionalInput(index) else {
        buffers.append(nil)
        continue
      }
      try require(value, type)
      buffers.append(read(value))
    }
    return buffers
  }

  /// Emits the plain implementation for `type`: float32 or float64, the two that are generic.
  func emitReal(
    _ outputs: [Value], _ type: ElementType, kernel: String, reads: [Buffer.ID],
    scratch: Buffer.ID? = nil, multiplyAccumulates: Int = 0, single: @escaping Step.Body,
    double: @escaping Step.Body
  ) throws(ExecutionError) {
    guard type == .float32 || type == .float64 else { throw wrongType(type) }
    try emit(
      outputs, kernel: "\(kernel)-\(type)", reads: reads, scratch: scratch,
      multiplyAccumulates: multiplyAccumulates, body: type == .float32 ? single : double)
  }
}
