internal import Graphs
internal import Kernels
internal import Tensors

/// QuantizeLinear: `clamp(rint(x / scale) + zeroPoint)`, by true division, halves to even.
struct Quantization: OperatorKernel {
  private let node: Node

  init(_ node: Node, opset: Int64) { self.node = node }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let operands = try QuantizationOperands(site, node: node, shape: input.shape)
    guard operands.isByte && operands.isPerTensor else { return try compile(input, operands, site) }

    let codes = Codes(
      value: Value(
        name: site.unit.outputs[0], elementType: .uint8, shape: input.shape,
        layout: input.preferredLayout),
      scale: operands.scales[0], zeroPoint: operands.zeroPoints[0] + operands.shift,
      isSigned: operands.type == .int8)
    let target = site.compiler.addBuffer(.arena, byteCount: input.shape.elementCount)
    codes.value.forms[codes.value.layout] = target
    let source = site.read(input, codes.value.layout)
    let count = input.shape.elementCount
    let kernels = Int8Kernels(isa: site.isa)
    let (scale, zeroPoint) = (codes.scale, codes.zeroPoint)
    try site.emit(
      codes: codes, type: operands.type, kernel: "quantize-\(site.isa.rawValue)", reads: [source]
    ) { (run: RunContext) throws(ExecutionError) in
      kernels.quantize(
        run.floats(source), run.codes(target), count: count, scale: scale, zeroPoint: zeroPoint,
        pool: run.pool)
    }
  }

  /// Codes of other types, and scales per slice.
  private func compile(
    _ input: Value, _ operands: QuantizationOperands, _ site: OperatorSite
  ) throws(ExecutionError) {
    let source = site.read(input)
    let result = try site.output(0, operands.type, input.shape)
    let target = site.write(result)
    let slices = operands.loop(over: input.shape)
    func body<Code: FixedWidthInteger>(_ type: Code.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.floats(source), run.elements(target, of: type))
        let (lowest, highest) = (Float(operands.limits.lowest), Float(operands.limits.highest))
        slices.run { slice, range in
          let (scale, zero) = (operands.scales[slice], Float(operands.zeroPoints[slice]))
          for index in range {
            let rounded = (from[index] / scale).rounded(.toNearestOrEven) + zero
            to[index] = Code(rounded.isNaN ? zero : min(max(rounded, lowest), highest))
          }
        }
      }
    }
    let packed: Step.Body = { (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.floats(source), run.raw(target))
      let bytes = UnsafeMutableRawBufferPointer(start: to, count: result.byteCount)
      let (lowest, highest) = (Float(operands.limits.lowest), Float(operands.limits.highest))
      slices.run { slice, range in
        let (scale, zero) = (operands.scales[slice], Float(operands.zeroPoints[slice]))
        for index in range {
          let rounded = (from[index] / scale).rounded(.toNearestOrEven) + zero
          let code = rounded.isNaN ? zero : min(max(rounded, lowest), highest)
          PackedCode.write(Int32(code), to: bytes, index, bits: 4)
        }
      }
    }
    let step: Step.Body
    switch operands.type {
    case .int8: step = body(Int8.self)
    case .uint8: step = body(UInt8.self)
    case .int16: step = body(Int16.self)
    case .uint16: step = body(UInt16.self)
    case .int4, .uint4: step = packed
    case let other: throw site.unsupported("codes of type \(other)")
    }
    try site.emit([result], kernel: "quantize-\(operands.type)", reads: [source], body: step)
  }
}

/// DequantizeLinear: `(q - zeroPoint) * scale`. Nothing moves until somebody reads the real values.
struct Dequantization: OperatorKernel {
  private let node: Node

  init(_ node: Node, opset: Int64) { self.node = node }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let operands = try QuantizationOperands(
      site, node: node, shape: input.shape, codes: input.elementType)
    let isConstant = site.compiler.constant(of: input) != nil
    guard operands.isByte, operands.isPerTensor, !isConstant else {
      return try compile(input, operands, site)
    }
    let result = Value(
      name: site.unit.outputs[0], elementType: .float32, shape: input.shape,
      layout: input.preferredLayout)
    result.codes = Codes(
      value: try site.codeValue(of: input), scale: operands.scales[0],
      zeroPoint: operands.zeroPoints[0] + operands.shift, isSigned: operands.type == .int8,
      maximum: input.codes?.maximum ?? .max)
    site.declare(result)
  }

  private func compile(
    _ input: Value, _ operands: QuantizationOperands, _ site: OperatorSite
  ) throws(ExecutionError) {
    let source = site.read(input)
    let result = try site.output(0, .float32, input.shape)
    let target = site.write(result)
    let slices = operands.loop(over: input.shape)
    func body<Code: FixedWidthInteger>(_ type: Code.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.floats(target))
        slices.run { slice, range in
          let (scale, zero) = (operands.scales[slice], operands.zeroPoints[slice])
          for index in range { to[index] = Float(Int32(from[index]) &- zero) * scale }
        }
      }
    }
    let packed: Step.Body = { (run: RunContext) throws(ExecutionError) in
      let to = run.floats(target)
      let bytes = UnsafeRawBufferPointer(start: run.raw(source), count: input.byteCount)
      let isSigned = operands.type == .int4
      slices.run { slice, range in
        let (scale, zero) = (operands.scales[slice], operands.zeroPoints[slice])
        for index in range {
          to[index] =
            Float(
              PackedCode.read(bytes, index, bits: 4, isSigned: isSigned) - zero) * scale
        }
      }
    }
    let step: Step.Body
    switch operands.type {
    case .int8: step = body(Int8.self)
    case .uint8: step = body(UInt8.self)
    case .int16: step = body(Int16.self)
    case .uint16: step = body(UInt16.self)
    case .int32: step = body(Int32.self)
    case .int4, .uint4: step = packed
    case let other: throw site.unsupported("codes of type \(other)")
    }
    try site.emit([result], kernel: "dequantize-\(operands.type)", reads: [source], body: step)
  }
}

extension OperatorSite {
  /// Emits the step that makes codes, and makes the quantizer's output known, of the model's type.
  func emit(
    codes: Codes, type: ElementType, kernel: String, reads: [Buffer.ID],
    scratch: Buffer.ID? = nil, multiplyAccumulates: Int = 0, weightByteCount: Int = 0,
    isInteger: Bool = false, sharesInputs: [Int] = [],
    saturation: SaturatingTwin? = nil, body: @escaping Step.Body
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
      isInteger: isInteger, sharesInputs: sharesInputs, saturation: saturation, body: body)
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
