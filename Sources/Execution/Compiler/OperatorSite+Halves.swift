internal import Tensors

extension OperatorSite {
  /// Compiles an operator that knows float32 where its operands are float16 or bfloat16: they are
  /// widened before it, and its float32 results that it narrows are rounded once behind it.
  func compileWidened(_ kernel: any OperatorKernel) throws(ExecutionError) {
    // The first operand that is a real number decides what the results are.
    var first: ElementType?
    for index in 0..<inputCount {
      guard let value = try optionalInput(index) else { continue }
      let type = value.elementType
      if first == nil, type.isHalf || type == .float32 || type == .float64 { first = type }
      if type.isHalf { replacedInputs[index] = try floats(value, as: .float32) }
    }
    guard let narrow = first, narrow.isHalf else { return try kernel.compile(self) }
    let names = unit.outputs
    computesWidened = true
    narrowType = narrow
    collectedOutputs = []
    try kernel.compile(self)
    let results = collectedOutputs ?? []
    collectedOutputs = nil
    for result in results {
      let isNarrowed = names.firstIndex(of: result.name).map(kernel.narrows) ?? true
      declare(
        result.elementType == .float32 && isNarrowed ? try floats(result, as: narrow) : result)
    }
  }

  private func floats(_ value: Value, as type: ElementType) throws(ExecutionError) -> Value {
    guard let conversion = Conversion(from: value.elementType, to: type) else {
      preconditionFailure("\(value.elementType) to \(type)")
    }
    return try mapped(value, to: type) { conversion.run($0, into: $1, count: $2) }
  }

  /// The value's elements as another type, made by a step of their own.
  func mapped(
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
