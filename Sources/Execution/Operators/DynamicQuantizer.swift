internal import Graphs
internal import Kernels
internal import Tensors

/// DynamicQuantizeLinear: codes, and the scale and zero point that were chosen for these values.
struct DynamicQuantizer: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let layout = input.preferredLayout
    let source = site.read(input, layout)
    let results = [
      try site.output(0, .uint8, input.shape, layout), try site.output(1, .float32, .scalar),
      try site.output(2, .uint8, .scalar),
    ]
    let targets = results.map(site.write)
    let count = input.shape.elementCount
    let isa = site.isa
    try site.emit(results, kernel: "quantize-dynamic-\(isa.forCodes.rawValue)", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      let parameters = DynamicQuantization.onnx.quantize(
        run.floats(source), into: run.codes(targets[0]), count: count, isa: isa, pool: run.pool)
      run.floats(targets[1])[0] = parameters.scale
      run.codes(targets[2])[0] = parameters.zeroPoint
    }
  }
}

/// Codes of int8 or uint8 whose zero point may be computed, as kernels take them: as uint8.
struct CodeOperand {
  let value: Value
  private let zeroPoint: Buffer.ID?
  private let shift: UInt8

  init(_ site: OperatorSite, _ index: Int, zeroPoint zeroIndex: Int) throws(ExecutionError) {
    let input = try site.input(index)
    guard input.elementType == .uint8 || input.elementType == .int8 else {
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: input.elementType)
    }
    shift = input.elementType == .int8 ? 128 : 0
    value = try site.codeValue(of: input)
    guard let zero = try site.optionalInput(zeroIndex) else {
      zeroPoint = nil
      return
    }
    guard zero.elementType == input.elementType else {
      throw site.mismatch("a zero point of type \(zero.elementType) for \(input.elementType)")
    }
    guard zero.shape.elementCount == 1 else {
      throw site.unsupported("\(zero.shape.elementCount) zero points for input \(index)")
    }
    zeroPoint = site.read(zero)
  }

  var buffers: [Buffer.ID] { zeroPoint.map { [$0] } ?? [] }

  /// Of the uint8 codes.
  func zeroPoint(_ run: RunContext) -> UInt8 { (zeroPoint.map { run.codes($0)[0] } ?? 0) &+ shift }
}

/// Constant 8-bit weights of an integer operator.
struct CodeWeights {
  let values: [Int16]
  let shape: Shape
  /// One, or one for each channel.
  let zeroPoints: [Int16]

  /// - Parameter channelAxis: where there may be several zero points; from the end when negative.
  init(
    _ site: OperatorSite, _ index: Int, zeroPoint zeroIndex: Int, channelAxis: Int
  ) throws(ExecutionError) {
    let tensor = try site.constant(index)
    guard tensor.elementType == .uint8 || tensor.elementType == .int8, let codes = tensor.codes
    else {
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: tensor.elementType)
    }
    values = codes.map { Int16($0) }
    shape = tensor.shape
    guard let zero = try site.optionalConstant(zeroIndex) else {
      zeroPoints = [0]
      return
    }
    let channels = shape[try site.axis(channelAxis, of: shape)]
    guard zero.elementType == tensor.elementType, let points = zero.codes,
      points.count == 1 || points.count == channels
    else {
      throw site.mismatch(
        "zero points of \(zero.elementType) \(zero.shape) for \(channels) channels of "
          + "\(tensor.elementType)")
    }
    zeroPoints = points.map { Int16($0) }
  }
}
