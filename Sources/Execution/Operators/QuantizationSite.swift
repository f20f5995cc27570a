internal import Kernels
internal import Tensors

extension OperatorSite {
  /// Emits the step that makes codes, and makes the quantizer's output known, of the model's type.
  func emit(
    codes: Codes, type: ElementType, kernel: String, reads: [Buffer.ID],
    scratch: Buffer.ID? = nil, multiplyAccumulates: Int = 0, weightByteCount: Int = 0,
    isInteger: Bool = false, sharesInputs: [Int] = [],
    saturation: SaturatingTwin? = nil, safeRun: Double? = nil, body: @escaping Step.Body
  ) throws(ExecutionError) {
    let name = codes.value.name
    let result = Value(
      name: name, elementType: type, shape: codes.value.shape, layout: codes.value.layout)
    result.codes = codes
    if type == .uint8 { result.forms = codes.value.forms }
    let anonymous = Value(
      name: "", elementType: .uint8, shape: codes.value.shape, layout: codes.value.layout)
    anonymous.forms = codes.value.forms
    try emit(
      [anonymous], kernel: kernel, reads: reads, scratch: scratch,
      multiplyAccumulates: multiplyAccumulates, weightByteCount: weightByteCount,
      isInteger: isInteger, sharesInputs: sharesInputs, saturation: saturation, safeRun: safeRun,
      body: body)
    declare(result)
  }

  /// The shifted uint8 codes that stand for a value of int8 or uint8.
  func codeValue(of value: Value) throws(ExecutionError) -> Value {
    if let codes = value.codes { return codes.value }
    guard value.elementType == .int8 else { return value }
    let layout = value.preferredLayout
    let source = read(value, layout)
    let count = value.shape.elementCount
    let shifted = Value(
      name: value.name, elementType: .uint8, shape: value.shape, layout: layout)
    let target = compiler.addBuffer(.arena, byteCount: count)
    shifted.forms[layout] = target
    let kernels = Int8Kernels(isa: isa)
    try compiler.emit(
      Step(
        name: value.name, operatorName: "Layout", nodes: [], output: value.name,
        outputShape: value.shape, kernel: "shift-codes", reads: [source], writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        kernels.offset(run.codes(source), run.codes(target), count: count, by: 128, pool: run.pool)
      })
    return shifted
  }
}
