internal import Graphs
internal import Kernels
internal import Tensors

/// QuantizeLinear: `clamp(rint(x / scale) + zeroPoint)`, by true division, halves to even.
struct Quantization: OperatorKernel {
  private let node: Node

  init(_ node: Node, opset: Int64) { self.node = node }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let given = try site.input(0)
    let operands = try QuantizationOperands(site, node: node, shape: given.shape)
    guard given.elementType.isHalf || [.float32, .int32].contains(given.elementType) else {
      throw site.wrongType(given.elementType)
    }
    let input = try site.operand(given, as: .float32)
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
      codes: codes, type: operands.type, kernel: "quantize-\(site.isa.forCodes.rawValue)",
      reads: [source]
    ) { (run: RunContext) throws(ExecutionError) in
      kernels.quantize(
        run.floats(source), run.codes(target), count: count, scale: scale, zeroPoint: zeroPoint,
        pool: run.pool)
    }
  }

  /// Codes of other types, scales per slice, and divisions in half precision.
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
          let (scale, zero) = (operands.scales[slice], operands.zeros[slice])
          for index in range {
            let rounded = (from[index] / scale).rounded(.toNearestOrEven) + zero
            to[index] = Code(rounded.isNaN ? zero : min(max(rounded, lowest), highest))
          }
        }
      }
    }
    let step: Step.Body
    switch operands.type {
    case .int8 where operands.precision == .float32: step = body(Int8.self)
    case .uint8 where operands.precision == .float32: step = body(UInt8.self)
    case .int16 where operands.precision == .float32: step = body(Int16.self)
    case .uint16 where operands.precision == .float32: step = body(UInt16.self)
    case .int8, .uint8, .int16, .uint16, .int4, .uint4, .int2, .uint2, .float8e4m3fn,
      .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float4e2m1:
      step = try general(operands, slices, source, target, site)
    case let other: throw site.unsupported("codes of type \(other)")
    }
    try site.emit([result], kernel: "quantize-\(operands.type)", reads: [source], body: step)
  }

  /// One element at a time, into codes of any type.
  private func general(
    _ operands: QuantizationOperands, _ slices: SliceLoop, _ source: Buffer.ID,
    _ target: Buffer.ID, _ site: OperatorSite
  ) throws(ExecutionError) -> Step.Body {
    let options = Conversion.Options(saturates: node.int("saturate") ?? 1 != 0)
    guard let write = Conversion.writer(of: operands.type, options) else {
      throw site.unsupported("codes of type \(operands.type)")
    }
    let isInteger = operands.type.isInteger
    let (lowest, highest) = (Float(operands.limits.lowest), Float(operands.limits.highest))
    return { (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.floats(source), run.raw(target))
      slices.run { slice, range in
        let (scale, zero) = (operands.scales[slice], operands.zeros[slice])
        for index in range {
          let quotient = operands.rounded(operands.rounded(from[index]) / scale)
          guard isInteger else {
            write(to, index, .real(Double(quotient + zero)))
            continue
          }
          let code = quotient.rounded(.toNearestOrEven) + zero
          let clamped = code.isNaN ? zero : min(max(code, lowest), highest)
          write(to, index, .integer(Int64(clamped)))
        }
      }
    }
  }
}
