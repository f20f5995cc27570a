internal import Graphs
internal import Kernels
internal import Tensors

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
    let isHalf = operands.precision.isHalf
    let result = try site.output(isHalf ? .max : 0, .float32, input.shape)
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
    let step: Step.Body
    switch operands.type {
    case .int8: step = body(Int8.self)
    case .uint8: step = body(UInt8.self)
    case .int16: step = body(Int16.self)
    case .uint16: step = body(UInt16.self)
    case .int32: step = body(Int32.self)
    case .int4, .uint4, .int2, .uint2, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
      .float8e5m2fnuz, .float4e2m1:
      step = try general(operands, slices, source, target, site)
    case let other: throw site.unsupported("codes of type \(other)")
    }
    let kernel = "dequantize-\(operands.type)"
    guard isHalf else {
      return try site.emit([result], kernel: kernel, reads: [source], body: step)
    }
    try site.emitPart(
      result, isLast: false, kernel: kernel, reads: [source], sharesInputs: [], body: step)
    try site.emitConverted(target, .float32, to: operands.precision, shape: input.shape)
  }

  /// One element at a time, out of codes of any type.
  private func general(
    _ operands: QuantizationOperands, _ slices: SliceLoop, _ source: Buffer.ID,
    _ target: Buffer.ID, _ site: OperatorSite
  ) throws(ExecutionError) -> Step.Body {
    guard let read = Conversion.reader(of: operands.type) else {
      throw site.unsupported("codes of type \(operands.type)")
    }
    return { (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.raw(source), run.floats(target))
      slices.run { slice, range in
        let (scale, zero) = (operands.scales[slice], operands.zeros[slice])
        for index in range { to[index] = (Float(read(from, index).real) - zero) * scale }
      }
    }
  }
}
