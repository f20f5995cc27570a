internal import Graphs
internal import Kernels
internal import Tensors

/// Constants of the model that a dequantizer makes real: weights, biases.
struct StoredCodes {
  let tensor: Tensor
  let operands: QuantizationOperands

  /// `nil` when `name` is not the output of a dequantizer of constants.
  init?(_ name: String, _ site: OperatorSite) throws(ExecutionError) {
    let compiler = site.compiler
    guard let producer = compiler.graph.producer(of: name) else { return nil }
    let unit = compiler.graph.units[producer]
    guard unit.is("DequantizeLinear"), let node = unit.node, let stored = unit.inputs.first,
      let tensor = compiler.model.graph.constant(stored), tensor.elementType.isCode
    else { return nil }
    self.tensor = tensor
    operands = try QuantizationOperands(
      OperatorSite(compiler: compiler, unit: producer), node: node, shape: tensor.shape,
      codes: tensor.elementType)
  }

  var shape: Shape { tensor.shape }

  /// Row-major; taken out of the tensor anew each time.
  var codes: [Int32] { tensor.codes ?? [] }

  /// Codes less their zero points; `nil` where one does not fit int8.
  fileprivate var narrow: [Int8]? {
    if tensor.elementType == .int8, operands.zeroPoints.allSatisfy({ $0 == 0 }) {
      return tensor.array()
    }
    let codes = codes
    var values = [Int8](repeating: 0, count: codes.count)
    var fits = true
    operands.loop(over: shape).run { slice, range in
      for index in range {
        guard let value = Int8(exactly: codes[index] - operands.zeroPoints[slice]) else {
          fits = false
          return
        }
        values[index] = value
      }
    }
    return fits ? values : nil
  }
}

/// Weights that an integer kernel can take: `real = scale * int8`.
struct IntegerWeights {
  let values: [Int8]
  let shape: Shape
  /// One, or one for each output channel.
  let scales: [Float]
  /// Whether the file stores them in a signed type.
  let isSigned: Bool

  /// `nil` when the weights are no constant codes, their offset does not fit int8, or their scales
  /// go along another axis than `channelAxis`.
  init?(_ name: String, channelAxis: Int, _ site: OperatorSite) throws(ExecutionError) {
    guard let stored = try StoredCodes(name, site), stored.operands.isNarrow else { return nil }
    let operands = stored.operands
    guard operands.isUniform(along: channelAxis), let values = stored.narrow else { return nil }
    self.values = values
    shape = stored.shape
    scales = operands.scales
    isSigned = operands.type == .int8 || operands.type == .int4
  }

  /// A bias in units of `inputScale * scales`; `nil` where it does not fit or is not constant.
  /// - Parameters:
  ///   - name: a dequantizer's output or a float constant; `nil` for no bias.
  ///   - inputScale: of the codes, with any constant factor of the product.
  func bias(
    _ name: String?, channels: Int, inputScale: Float, _ site: OperatorSite
  ) throws(ExecutionError) -> [Int32]? {
    guard let name, !name.isEmpty else { return [] }
    if let stored = try StoredCodes(name, site), stored.operands.type == .int32,
      stored.shape.elementCount == channels
    {
      let units = (0..<channels).map { unit(inputScale, $0) }
      let own = stored.operands
      let agrees = (0..<channels).allSatisfy { channel in
        let slice = own.isPerTensor ? 0 : channel
        return own.zeroPoints[slice] == 0
          && abs(own.scales[slice] - Float(units[channel])) <= own.scales[slice] * 1e-6
      }
      if agrees { return stored.codes }
    }
    guard let value = try site.compiler.existingValue(named: name),
      value.elementType == .float32, value.shape.elementCount == channels,
      let reals = site.compiler.constant(of: value)?.floats
    else { return nil }
    var result: [Int32] = []
    for channel in 0..<channels {
      let code = (Double(reals[channel]) / unit(inputScale, channel)).rounded(.toNearestOrEven)
      guard abs(code) < Double(1 << 30) else { return nil }
      result.append(Int32(code))
    }
    return result
  }

  private func unit(_ inputScale: Float, _ channel: Int) -> Double {
    Double(inputScale) * Double(scales[scales.count == 1 ? 0 : channel])
  }

  /// How accumulators become the codes of `tail`.
  ///
  /// Multipliers are rounded to float32 after every step, in the order that ONNX Runtime's kernels
  /// take, so that ties fall on the same side.
  /// - Parameter factor: a constant that the product is multiplied by.
  /// - Returns: `nil` when a multiplier is not finite.
  func requantization(
    _ tail: QuantizedTail, input: Codes, biases: [Int32], factor: Float = 1
  ) -> Requantization? {
    let multipliers = scales.map { factor * input.scale * $0 / tail.first.scales[0] }
    guard multipliers.allSatisfy(\.isFinite) else { return nil }
    return Requantization(
      multipliers: multipliers,
      biases: biases, inputZeroPoint: UInt8(input.zeroPoint),
      outputZeroPoint: tail.first.zeroPoints[0] + tail.first.shift, low: tail.low,
      high: tail.high, table: tail.table)
  }
}
