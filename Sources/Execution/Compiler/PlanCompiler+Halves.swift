internal import Tensors

extension PlanCompiler {
  /// Compiles an operator that knows float32 where its operands are float16 or bfloat16: they are
  /// widened before it, and what it makes in float32 is rounded once behind it.
  /// - Returns: whether the site has such operands.
  func compileWidened(
    _ operation: any OperatorKernel, at site: OperatorSite
  ) throws(ExecutionError) -> Bool {
    var narrow: ElementType?
    for index in 0..<site.inputCount where site.hasInput(index) {
      let value = try site.input(index)
      guard value.elementType.isHalf else { continue }
      narrow = narrow ?? value.elementType
      site.replacedInputs[index] = try converted(value, to: .float32, at: site)
    }
    guard let narrow else { return false }
    site.collectedOutputs = []
    try operation.compile(site)
    let made = site.collectedOutputs ?? []
    site.collectedOutputs = nil
    for value in made {
      site.declare(
        value.elementType == .float32 ? try converted(value, to: narrow, at: site) : value)
    }
    return true
  }

  private func converted(
    _ value: Value, to type: ElementType, at site: OperatorSite
  ) throws(ExecutionError) -> Value {
    guard let conversion = Conversion(from: value.elementType, to: type) else {
      preconditionFailure("\(value.elementType) to \(type)")
    }
    let layout = value.preferredLayout
    let source = buffer(of: value, in: layout)
    let result = Value(name: value.name, elementType: type, shape: value.shape, layout: layout)
    let target = addBuffer(.arena, byteCount: result.byteCount)
    result.forms[layout] = target
    let count = value.shape.elementCount
    try emit(
      Step(
        name: site.nodeName, operatorName: "Cast", nodes: [], output: value.name,
        outputShape: value.shape, kernel: "cast-\(value.elementType)-\(type)", reads: [source],
        writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        conversion.run(run.raw(source), into: run.raw(target), count: count)
      })
    return result
  }
}
