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
    guard type.bitWidth >= 8 else { throw wrongType(type) }
    var bytes = [UInt8](repeating: 0, count: type.bitWidth / 8)
    guard value != 0 else { return bytes }
    guard let conversion = Conversion(from: .float32, to: type) else { throw wrongType(type) }
    withUnsafeBytes(of: value) { source in
      bytes.withUnsafeMutableBytes { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        conversion.run(from, into: to, count: 1)
      }
    }
    return bytes
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
        outputShape: value.shape, kernel: "elementwise-f32-\(isa.forFloats.rawValue)",
        reads: [buffer],
        writes: [buffer]
      ) { (run: RunContext) throws(ExecutionError) in
        FloatActivation.round.apply(
          run.floats(buffer), into: run.floats(buffer), count: count, isa: isa, pool: run.pool)
      })
  }
}
