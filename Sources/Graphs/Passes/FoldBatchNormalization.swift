internal import Tensors

extension Graph {
  /// Takes batch normalizations into the Conv, ConvTranspose or Gemm that alone feeds them:
  /// `W' = W·γ/√(σ² + ε)`, `b' = (b − μ)·γ/√(σ² + ε) + β`, in float32.
  package mutating func foldBatchNormalizations(recording report: inout PreparationReport) {
    let graph = self
    foldIntoLinearNodes(.batchNormalization, recording: &report) { node, producer in
      guard node.is("BatchNormalization"), node.int("training_mode") ?? 0 == 0,
        node.outputs.dropFirst().allSatisfy(\.isEmpty), let input = node.input(0),
        let linear = producer(input)
      else { return nil }
      var parameters: [[Float]] = []
      for slot in 1...4 {
        guard let tensor = node.input(slot).flatMap(graph.constant),
          tensor.elementType == .float32, tensor.elementCount == linear.channels
        else { return nil }
        parameters.append(tensor.floats)
      }
      let affine = ChannelAffine(
        gamma: parameters[0], beta: parameters[1], mean: parameters[2], variance: parameters[3],
        epsilon: node.float("epsilon") ?? 1e-5)
      return (input, affine)
    }
  }
}
