internal import Graphs
internal import Kernels
internal import Tensors

/// ONNX Runtime's LSTM with 8-bit weights: the whole input, and the states before each step, are
/// quantized as DynamicQuantizeLinear does it.
struct DynamicQuantizeLSTM: OperatorKernel {
  private let layer: Recurrence

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    layer = try Recurrence(node, kind: .lstm)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    try layer.compile(
      site, input: try matrix(1, scale: 8, zeroPoint: 9, site),
      recurrent: try matrix(2, scale: 10, zeroPoint: 11, site))
  }

  /// Weights are `[directions, depth, rows]`, their parameters `[directions]` or
  /// `[directions, rows]`.
  private func matrix(
    _ index: Int, scale: Int, zeroPoint: Int, _ site: OperatorSite
  ) throws(ExecutionError) -> RecurrentMatrix {
    let tensor = try site.constant(index)
    guard tensor.elementType == .int8 || tensor.elementType == .uint8, let codes = tensor.codes
    else {
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: tensor.elementType)
    }
    let shape = tensor.shape
    guard shape.rank == 3 else { throw site.mismatch("weights of shape \(shape)") }
    let (directions, depth, rows) = (shape[0], shape[1], shape[2])
    var turned = [Int16](repeating: 0, count: codes.count)
    for direction in 0..<directions {
      for k in 0..<depth {
        for row in 0..<rows {
          turned[(direction * rows + row) * depth + k] =
            Int16(codes[(direction * depth + k) * rows + row])
        }
      }
    }
    let zeroPoints = try site.optionalConstant(zeroPoint)
    guard zeroPoints.map({ $0.elementType == tensor.elementType }) ?? true else {
      throw site.mismatch(
        "zero points of \(zeroPoints?.elementType ?? .int8) for weights of \(tensor.elementType)")
    }
    func spread<Element>(_ values: [Element]) throws(ExecutionError) -> [Element] {
      if values.count == directions * rows { return values }
      guard values.count == directions else {
        throw site.mismatch(
          "\(values.count) scales or zero points for \(directions) directions of \(rows) rows")
      }
      return values.flatMap { [Element](repeating: $0, count: rows) }
    }
    return RecurrentMatrix(
      codes: turned, shape: [directions, rows, depth], scales: try spread(try site.floats(scale)),
      zeroPoints: try spread(
        zeroPoints?.codes?.map { Int16($0) } ?? [Int16](repeating: 0, count: directions)),
      quantization: .onnx)
  }
}
