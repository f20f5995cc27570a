internal import Tensors

/// The 16-bit floats: stored as they are, computed in float32, rounded once.
enum HalfPrecision {
  static func contains(_ type: ElementType) -> Bool { type == .float16 || type == .bfloat16 }

  static func widen(
    _ input: UnsafeRawPointer, _ type: ElementType, into output: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    if type == .float16 {
      let from = input.assumingMemoryBound(to: Float16.self)
      for index in 0..<count { output[index] = Float(from[index]) }
    } else {
      let from = input.assumingMemoryBound(to: UInt16.self)
      for index in 0..<count { output[index] = Float(bitPattern: UInt32(from[index]) << 16) }
    }
  }

  /// Rounds to nearest, ties to even.
  static func narrow(
    _ input: UnsafePointer<Float>, _ type: ElementType, into output: UnsafeMutableRawPointer,
    count: Int
  ) {
    if type == .float16 {
      let to = output.assumingMemoryBound(to: Float16.self)
      for index in 0..<count { to[index] = Float16(input[index]) }
    } else {
      let to = output.assumingMemoryBound(to: UInt16.self)
      for index in 0..<count { to[index] = brain(input[index]) }
    }
  }

  private static func brain(_ value: Float) -> UInt16 {
    // Rounding up could turn a NaN into infinity.
    guard !value.isNaN else { return UInt16(value.bitPattern >> 16) | 0x40 }
    let bits = value.bitPattern
    return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }
}

extension OperatorSite {
  /// Compiles a kernel that knows no 16-bit floats: its operands are widened to float32, and those
  /// of its results that `narrows` are rounded to the first operand's type.
  func compileWidened(
    _ kernel: any OperatorKernel, narrows: (Int) -> Bool
  ) throws(ExecutionError) {
    var type: ElementType?
    for index in 0..<inputCount {
      guard let value = try optionalInput(index), HalfPrecision.contains(value.elementType) else {
        continue
      }
      if index == 0 { type = value.elementType }
      replacedInputs[index] = try widened(value)
    }
    guard let type else { return try kernel.compile(self) }
    let names = unit.outputs
    computesWidened = true
    collectedOutputs = []
    try kernel.compile(self)
    let results = collectedOutputs ?? []
    collectedOutputs = nil
    for result in results {
      let isNarrowed = names.firstIndex(of: result.name).map(narrows) ?? true
      declare(
        result.elementType == .float32 && isNarrowed ? try narrowed(result, to: type) : result)
    }
  }

  private func widened(_ value: Value) throws(ExecutionError) -> Value {
    let type = value.elementType
    return try converted(value, to: .float32) { from, to, count in
      HalfPrecision.widen(from, type, into: to.assumingMemoryBound(to: Float.self), count: count)
    }
  }

  private func narrowed(_ value: Value, to type: ElementType) throws(ExecutionError) -> Value {
    try converted(value, to: type) { from, to, count in
      HalfPrecision.narrow(from.assumingMemoryBound(to: Float.self), type, into: to, count: count)
    }
  }

  func converted(
    _ value: Value, to type: ElementType,
    _ convert: @escaping (UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void
  ) throws(ExecutionError) -> Value {
    let layout = value.preferredLayout
    let source = read(value, layout)
    let count = value.shape.elementCount
    let result = Value(name: value.name, elementType: type, shape: value.shape, layout: layout)
    let target = compiler.addBuffer(.arena, byteCount: type.byteCount(elements: count))
    result.forms[layout] = target
    try compiler.emit(
      Step(
        name: nodeName, operatorName: "Cast", nodes: [], output: value.name,
        outputShape: value.shape, kernel: "cast-\(value.elementType)-\(type)", reads: [source],
        writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        convert(run.raw(source), run.raw(target), count)
      })
    return result
  }
}
