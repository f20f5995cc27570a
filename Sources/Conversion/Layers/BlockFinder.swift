/// Finds the layers that spell out attention and squeeze-and-excite, by the values between them.
struct BlockFinder {
  private let layers: [Layer]
  private let producers: [String: Int]
  private let consumers: [String: [Int]]

  init(_ layers: [Layer]) {
    self.layers = layers
    var producers: [String: Int] = [:]
    var consumers: [String: [Int]] = [:]
    for (position, layer) in layers.enumerated() {
      for output in layer.outputs { producers[output] = position }
      for input in layer.inputs { consumers[input, default: []].append(position) }
    }
    self.producers = producers
    self.consumers = consumers
  }

  /// For positions of layers the block they are part of.
  func blocks() -> [Int: Block] {
    var found: [Int: Block] = [:]
    var counts: [Block.Kind: Int] = [:]
    for (position, layer) in layers.enumerated() {
      let kind: Block.Kind
      let members: Set<Int>
      if layer.operatorType == "Softmax", let block = attention(around: position) {
        (kind, members) = (.attention, block)
      } else if layer.operatorType == "Mul", let block = squeezeExcite(endingAt: position) {
        (kind, members) = (.squeezeExcite, block)
      } else {
        continue
      }
      guard members.allSatisfy({ found[$0] == nil }) else { continue }
      let number = counts[kind, default: 0] + 1
      counts[kind] = number
      for member in members {
        let isMask =
          kind == .attention && layers[member].operatorType == "Add"
          && layers[member].inputs.count == 2
        found[member] = Block(
          kind: kind, number: number, isMask: isMask,
          isScale: kind == .attention && isScale(member, of: members),
          isSoftmax: kind == .attention && member == position)
      }
    }
    return found
  }

  // Attention.

  /// What may lie between the product of scores and their softmax: scale, mask, casts.
  private static let scoring: Set<String> = [
    "Add", "Sub", "Mul", "Div", "Where", "Cast", "Reshape", "Identity", "Clip", "Tanh", "Max",
  ]
  /// What may lie between the softmax and the product with values.
  private static let weighing: Set<String> = [
    "Cast", "Dropout", "Identity", "Reshape", "Where", "Mul", "Transpose",
  ]
  private static let longestWay = 6

  private func attention(around softmax: Int) -> Set<Int>? {
    guard let scores = wayBack(from: softmax, left: Self.longestWay),
      let mix = wayOn(from: softmax, left: Self.longestWay), let product = scores.last
    else { return nil }
    return Set([softmax] + scores + mix + scalings(of: product))
  }

  /// Whether the layer multiplies what comes out of a product of the block, not what goes into it.
  private func isScale(_ position: Int, of members: Set<Int>) -> Bool {
    let layer = layers[position]
    guard ["Mul", "Div"].contains(layer.operatorType), layer.inputs.count == 1,
      let maker = producers[layer.inputs[0]]
    else { return false }
    return members.contains(maker) && layers[maker].operatorType != "Softmax"
  }

  private func isProductOfActivations(_ layer: Layer) -> Bool {
    ["MatMul", "Einsum", "Gemm"].contains(layer.operatorType) && layer.weight == nil
      && !layer.inputs.isEmpty
  }

  /// From what `position` reads back to a product of two activations, which comes last.
  private func wayBack(from position: Int, left: Int) -> [Int]? {
    guard left > 0 else { return nil }
    for input in layers[position].inputs {
      guard let maker = producers[input] else { continue }
      if isProductOfActivations(layers[maker]) { return [maker] }
      guard Self.scoring.contains(layers[maker].operatorType), isOnlyRead(layers[maker]),
        let way = wayBack(from: maker, left: left - 1)
      else { continue }
      return [maker] + way
    }
    return nil
  }

  private func wayOn(from position: Int, left: Int) -> [Int]? {
    guard left > 0 else { return nil }
    for reader in layers[position].outputs.flatMap({ consumers[$0, default: []] }) {
      if isProductOfActivations(layers[reader]) { return [reader] }
      guard Self.weighing.contains(layers[reader].operatorType),
        let way = wayOn(from: reader, left: left - 1)
      else { continue }
      return [reader] + way
    }
    return nil
  }

  /// Multiplications with a number before the product of scores, perhaps before heads are cut.
  private func scalings(of product: Int) -> [Int] {
    layers[product].inputs.compactMap { input in
      var edge = input
      for _ in 0..<Self.longestWay {
        guard let maker = producers[edge], layers[maker].inputs.count == 1,
          isOnlyRead(layers[maker])
        else { return nil }
        if ["Mul", "Div"].contains(layers[maker].operatorType) { return maker }
        guard ["Reshape", "Transpose"].contains(layers[maker].operatorType) else { return nil }
        edge = layers[maker].inputs[0]
      }
      return nil
    }
  }

  // Residuals.

  private static let normalizing: Set<String> = [
    "LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
  ]

  /// Additions of two values that a normalization of rows reads.
  func residuals() -> [Int] {
    layers.indices.filter { position in
      let layer = layers[position]
      return layer.operatorType == "Add" && layer.inputs.count == 2
        && layer.outputs.flatMap { consumers[$0, default: []] }.contains {
          Self.normalizing.contains(layers[$0].operatorType)
        }
    }
  }

  private func isOnlyRead(_ layer: Layer) -> Bool {
    layer.outputs.reduce(0) { $0 + consumers[$1, default: []].count } == 1
  }

  // Squeeze and excite.

  private static let longestGate = 12
  private static let squeezing: Set<String> = ["GlobalAveragePool", "ReduceMean", "AveragePool"]

  private func squeezeExcite(endingAt product: Int) -> Set<Int>? {
    let inputs = layers[product].inputs
    guard inputs.count == 2 else { return nil }
    for (value, gate) in [(inputs[0], inputs[1]), (inputs[1], inputs[0])] {
      var members: Set<Int> = [product]
      var isWeighted = false
      var edge = gate
      while members.count <= Self.longestGate, let maker = producers[edge],
        layers[maker].inputs.count == 1
      {
        members.insert(maker)
        isWeighted = isWeighted || layers[maker].weight != nil
        let source = layers[maker].inputs[0]
        if Self.squeezing.contains(layers[maker].operatorType) {
          if source == value, isWeighted { return members }
          break
        }
        edge = source
      }
    }
    return nil
  }
}
