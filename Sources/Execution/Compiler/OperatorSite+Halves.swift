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
      if type.isHalf { replacedInputs[index] = try converted(value, as: .float32) }
    }
    guard let narrow = first, narrow.isHalf else { return try kernel.compile(self) }
    let names = unit.outputs
    narrowType = narrow
    collectedOutputs = []
    try kernel.compile(self)
    let results = collectedOutputs ?? []
    collectedOutputs = nil
    for result in results {
      let isNarrowed = names.firstIndex(of: result.name).map(kernel.narrows) ?? true
      declare(
        result.elementType == .float32 && isNarrowed ? try converted(result, as: narrow) : result)
    }
  }
}
