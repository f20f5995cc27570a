internal import OrderedCollections
internal import Tensors

/// A node whose result is linear in constant weights, with one bias for each output channel, so
/// that a map of its channels can be taken into both.
struct LinearNode {
  /// Which output channel an element of the weights belongs to.
  enum Layout: Equatable {
    /// `[channels, …]`: Conv, and Gemm with `transB`.
    case channelFirst
    /// `[inputs, channels]`: Gemm.
    case channelLast
    /// `[inputs, channels / groups, …]`: ConvTranspose.
    case transposed(groups: Int)
  }

  let weights: Tensor
  let bias: Tensor?
  let layout: Layout
  let channels: Int
  /// Of the result; the channels are axis 1.
  let rank: Int

  /// `nil` when the node is no such operator or its weights are no float32 constants.
  init?(_ node: Node, in graph: Graph) {
    guard node.operatorName.domain.isEmpty, node.outputs.count == 1,
      let weights = node.input(1).flatMap(graph.constant), weights.elementType == .float32
    else { return nil }
    let groups = Int(exactly: node.int("group") ?? 1) ?? 0
    switch node.operatorName.name {
    case "Conv":
      guard weights.shape.rank > 2 else { return nil }
      layout = .channelFirst
      channels = weights.shape[0]
      rank = weights.shape.rank
    case "ConvTranspose":
      guard weights.shape.rank > 2, groups > 0, weights.shape[0] % groups == 0 else { return nil }
      let (product, overflow) = weights.shape[1].multipliedReportingOverflow(by: groups)
      guard !overflow else { return nil }
      layout = .transposed(groups: groups)
      channels = product
      rank = weights.shape.rank
    case "Gemm":
      guard weights.shape.rank == 2, node.float("beta") ?? 1 == 1 else { return nil }
      let isTransposed = node.int("transB") ?? 0 != 0
      layout = isTransposed ? .channelFirst : .channelLast
      channels = weights.shape[isTransposed ? 0 : 1]
      rank = 2
    default: return nil
    }
    if let name = node.input(2) {
      guard let bias = graph.constant(name), bias.elementType == .float32,
        bias.shape.rank <= 1 || bias.shape.dimensions == [1, channels],
        bias.elementCount == channels || (node.is("Gemm") && bias.elementCount == 1)
      else { return nil }
      self.bias = bias
    } else {
      bias = nil
    }
    self.weights = weights
  }

  /// The bias for every channel.
  var fullBias: [Float] {
    guard let bias else { return Array(repeating: 0, count: channels) }
    let values = bias.floats
    return values.count == channels ? values : Array(repeating: values[0], count: channels)
  }

  /// The weights with each channel's part multiplied by its factor.
  func weights(scaledBy factors: [Float]) -> Tensor {
    precondition(factors.count == channels, "\(factors.count) factors for \(channels) channels")
    var scaled = Tensor(
      .float32, shape: weights.shape,
      storage: TensorStorage(uninitializedByteCount: weights.byteCount))
    scaled.withUnsafeMutableElements(of: Float.self) { elements in
      weights.withUnsafeElements(of: Float.self) { scale($0, by: factors, into: elements) }
    }
    return scaled
  }

  private func scale(
    _ weights: UnsafeBufferPointer<Float>, by factors: [Float],
    into elements: UnsafeMutableBufferPointer<Float>
  ) {
    guard !elements.isEmpty else { return }
    switch layout {
    case .channelFirst:
      let length = elements.count / channels
      for (channel, factor) in factors.enumerated() {
        for index in channel * length..<(channel + 1) * length {
          elements[index] = weights[index] * factor
        }
      }
    case .channelLast:
      for index in elements.indices { elements[index] = weights[index] * factors[index % channels] }
    case .transposed(let groups):
      let (inputs, columns) = (self.weights.shape[0], self.weights.shape[1])
      let length = elements.count / (inputs * columns)
      for index in elements.indices {
        let row = index / length / columns
        let group = row / (inputs / groups)
        elements[index] = weights[index] * factors[group * columns + index / length % columns]
      }
    }
  }
}

extension Graph {
  /// Folds every node for which `map` finds an affine map of channels into the convolution or Gemm
  /// that alone feeds it.
  /// `map` gives a node's data input and what the node does to it.
  mutating func foldIntoLinearNodes(
    _ reason: PreparationReport.Reason, recording report: inout PreparationReport,
    map: (Node, _ producer: (String) -> LinearNode?) -> (input: String, ChannelAffine)?
  ) {
    var folding = ProducerFolding(self)
    var names = NameAllocator(self)
    for position in folding.nodes.indices {
      let node = folding.nodes[position]
      let found = map(node) { value in
        folding.soleProducer(of: value).flatMap { LinearNode(folding.nodes[$0], in: self) }
      }
      guard let (input, affine) = found, let maker = folding.soleProducer(of: input),
        let linear = LinearNode(folding.nodes[maker], in: self)
      else { continue }
      guard affine.isFinite else {
        report.notes.append(
          "Node \(node.label) is not folded: its constants give factors that are not finite.")
        continue
      }
      if !affine.keepsWeights {
        let weights = linear.weights(scaledBy: affine.scale)
        store(weights, slot: 1, of: maker, in: &folding, naming: &names)
      }
      let bias = Tensor(affine.bias(from: linear.fullBias))
      store(bias, slot: 2, of: maker, in: &folding, naming: &names)
      folding.fold(position, into: maker, reading: input)
      report.record(node, reason, into: folding.nodes[maker].id)
    }
    replaceNodes(with: folding.remaining)
  }

  /// Replaces a constant input, under its own name where no other node shares it.
  private mutating func store(
    _ tensor: Tensor, slot: Int, of position: Int, in folding: inout ProducerFolding,
    naming names: inout NameAllocator
  ) {
    let node = folding.nodes[position]
    if let name = node.input(slot), folding.useCount(of: name) == 1,
      let original = initializers[name]
    {
      initializers[name] = Initializer(
        tensor, documentation: original.documentation, externalLocation: original.externalLocation)
      return
    }
    let base = node.input(slot) ?? biasName(for: node.inputs[1])
    let name = names.unique(base)
    initializers[name] = Initializer(tensor)
    folding.setInput(slot, of: position, to: name)
  }

  /// `conv.bias` for `conv.weight`, else the weights' name with `_bias`.
  private func biasName(for weights: String) -> String {
    weights.hasSuffix(".weight") ? weights.dropLast(6) + "bias" : weights + "_bias"
  }
}
