internal import Tensors

extension Graph {
  /// Takes additions of, and multiplications by, constants into the Conv, ConvTranspose or Gemm
  /// that alone feeds them: scalars, and tensors with one element for each channel.
  package mutating func foldAffineChains(recording report: inout PreparationReport) {
    let graph = self
    foldIntoLinearNodes(.affine, recording: &report) { node, producer in
      guard node.operatorName.domain.isEmpty, node.inputs.count == 2, node.outputs.count == 1,
        ["Mul", "Div", "Add", "Sub"].contains(node.operatorName.name),
        let left = node.input(0), let right = node.input(1)
      else { return nil }
      if let linear = producer(left), let constant = graph.perChannel(right, of: linear) {
        return (left, node.affine(with: constant))
      }
      // A constant on the left: subtraction turns the sign, division is not affine.
      guard !node.is("Div"), let linear = producer(right),
        let constant = graph.perChannel(left, of: linear)
      else { return nil }
      if node.is("Sub") {
        let scale = [Float](repeating: -1, count: constant.count)
        return (right, ChannelAffine(scale: scale, offset: constant))
      }
      return (right, node.affine(with: constant))
    }
  }

  /// The constant `name` for every channel of `linear`'s result, when it broadcasts along nothing
  /// but the channels and does not add dimensions.
  private func perChannel(_ name: String, of linear: LinearNode) -> [Float]? {
    guard let tensor = constant(name), tensor.elementType == .float32,
      tensor.shape.rank <= linear.rank
    else { return nil }
    if tensor.elementCount == 1 {
      return Array(repeating: tensor.floats[0], count: linear.channels)
    }
    let channelAxis = 1 - (linear.rank - tensor.shape.rank)
    guard channelAxis >= 0, tensor.elementCount == linear.channels,
      tensor.shape[channelAxis] == linear.channels
    else { return nil }
    return tensor.floats
  }
}

extension Node {
  /// What `x op constant` does.
  fileprivate func affine(with constant: [Float]) -> ChannelAffine {
    let zeros = [Float](repeating: 0, count: constant.count)
    let ones = [Float](repeating: 1, count: constant.count)
    switch operatorName.name {
    case "Mul": return ChannelAffine(scale: constant, offset: zeros)
    case "Div": return ChannelAffine(scale: constant.map { 1 / $0 }, offset: zeros)
    case "Sub": return ChannelAffine(scale: ones, offset: constant.map { -$0 })
    default: return ChannelAffine(scale: ones, offset: constant)
    }
  }
}
