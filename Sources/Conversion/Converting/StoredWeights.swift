import Graphs
import OrderedCollections
package import Quantization
import Tensors

/// The weights of all layers that keep them in codes, and the biases of those that compute on codes.
struct StoredWeights {
  struct Weight {
    let codes: Tensor
    let scales: Tensor
    let zeroPoints: Tensor
    /// Of DequantizeLinear.
    let attributes: [String: Attribute]
    /// `nil` for weights in groups.
    let parameters: TensorParameters?
    /// Names one stored copy; layers with equal keys share it.
    let key: Key

    var initializer: String { key.initializer }
  }

  /// As ONNX Runtime's tools write it: zero points are spelled out, and a single scale is a vector of
  /// one.
  struct Bias {
    let codes: Tensor
    let scales: Tensor
    let zeroPoints: Tensor
    let isPerChannel: Bool
    let initializer: String
  }

  struct Key: Hashable {
    let initializer: String
    let axis: Int
    let scheme: TensorScheme
    let factor: Float
    /// Whether 4-bit codes are packed, two to a byte.
    let isPacked: Bool
  }

  /// A layer with one of its weights.
  private struct Use {
    let layer: Layer
    let reference: WeightReference
    let computesOnCodes: Bool
  }

  private var weights: [Layer.ID: [Int: Weight]] = [:]
  private(set) var biases: [Layer.ID: Bias] = [:]
  private(set) var notes: [ConversionNote] = []
  /// Maps that were chosen elsewhere, by initializer.
  private let given: [String: TensorParameters]

  subscript(layer: Layer, reference: WeightReference) -> Weight? {
    weights[layer.id]?[reference.inputIndex]
  }

  /// The maps of every layer's first weight, where it has one for a tensor or a channel.
  func parameters(of layers: LayerGraph) -> [Layer.ID: TensorParameters] {
    var parameters: [Layer.ID: TensorParameters] = [:]
    for layer in layers.layers {
      parameters[layer.id] = layer.weight.flatMap { self[layer, $0]?.parameters }
    }
    return parameters
  }

  init(
    _ layers: LayerGraph, _ resolution: Resolution, given: [String: TensorParameters] = [:],
    inputScale: (Layer) throws(ConversionError) -> Float
  ) throws(ConversionError) {
    self.given = given
    var users: OrderedDictionary<Key, [Use]> = [:]
    for layer in layers.layers {
      guard let choice = resolution.layers[layer.id], choice.precision != .float32 else { continue }
      for reference in layer.weights {
        let scheme = choice.weightScheme(of: reference)
        noteAdjustments(of: layer, choice, scheme)
        let alpha = layer.operatorType == "Gemm" ? layers.node(layer.main)?.float("alpha") ?? 1 : 1
        let key = Key(
          initializer: reference.initializer, axis: reference.channelAxis, scheme: scheme,
          factor: alpha,
          isPacked: choice.precision == .weightOnly && scheme.type.bitWidth == 4)
        users[key, default: []].append(
          Use(layer: layer, reference: reference, computesOnCodes: choice.isInt8))
      }
    }
    for (key, uses) in users {
      try store(key, for: uses, layers: layers, inputScale: inputScale)
    }
  }

  private mutating func noteAdjustments(
    of layer: Layer, _ choice: Resolution.LayerChoice, _ scheme: TensorScheme
  ) {
    if scheme.type.bitWidth < 8, choice.precision != .weightOnly {
      notes.append(
        .adjusted(
          layer: layer.id,
          text: "\(scheme.type.rawValue) weights are stored one to a byte, for int8 kernels."))
    }
    // Groups are a matter of matrices, and nobody expects them elsewhere.
    var wanted = choice.qconfig.weight
    wanted.groupSize = scheme.groupSize
    if scheme != wanted {
      notes.append(
        .adjusted(layer: layer.id, text: "its weights can only be stored \(scheme.summary)."))
    }
  }

  private mutating func store(
    _ key: Key, for uses: [Use], layers: LayerGraph,
    inputScale: (Layer) throws(ConversionError) -> Float
  ) throws(ConversionError) {
    guard let first = uses.first,
      let tensor = layers.weightTensor(first.reference, of: first.layer)
    else { return }
    let weight: Weight
    if key.scheme.groupSize > 0 {
      weight = try grouped(tensor, key, layer: first.layer)
    } else {
      weight = try mapped(tensor, key, for: uses, layers: layers, inputScale: inputScale)
    }
    for use in uses { weights[use.layer.id, default: [:]][use.reference.inputIndex] = weight }
    if uses.count > 1 {
      notes.append(.weightShared(initializer: key.initializer, layers: uses.map(\.layer.id)))
    }
  }

  private func grouped(
    _ tensor: Tensor, _ key: Key, layer: Layer
  ) throws(ConversionError) -> Weight {
    let grouped: GroupedWeights
    do {
      grouped = try GroupedWeights(tensor, axis: 1 - key.axis, scheme: key.scheme)
    } catch {
      throw .weights(layer: layer.id, reason: "\(error)")
    }
    let type = key.scheme.type.storedType(isPacked: key.isPacked)
    return Weight(
      codes: Tensor(codes: grouped.codes, type, shape: tensor.shape),
      scales: Tensor(grouped.maps.map(\.scale), shape: grouped.mapShape),
      zeroPoints: Tensor(codes: grouped.maps.map(\.zeroPoint), type, shape: grouped.mapShape),
      attributes: ["axis": .int(Int64(grouped.axis)), "block_size": .int(Int64(grouped.size))],
      parameters: nil, key: key)
  }

  private mutating func mapped(
    _ tensor: Tensor, _ key: Key, for uses: [Use], layers: LayerGraph,
    inputScale: (Layer) throws(ConversionError) -> Float
  ) throws(ConversionError) -> Weight {
    let statistics: WeightStatistics
    let quantized: QuantizedWeights
    do {
      statistics = try WeightStatistics(tensor, axis: key.axis)
      quantized =
        if let given = given[key.initializer] {
          QuantizedWeights(tensor, parameters: given, profile: key.scheme.profile)
        } else {
          try statistics.quantized(with: key.scheme)
        }
    } catch {
      throw .weights(layer: uses[0].layer.id, reason: "\(error)")
    }
    for warning in statistics.warnings(for: key.scheme, parameters: quantized.parameters) {
      notes.append(.weightWarning(layer: uses[0].layer.id, text: "\(warning)"))
    }
    var parameters = quantized.parameters
    let sharers = uses.filter(\.computesOnCodes).map(\.layer)
    for layer in sharers {
      guard let bias = layers.biasValues(of: layer) else { continue }
      let result = QuantizedBias(bias, inputScale: try inputScale(layer), weights: parameters)
      parameters = result.weights
      if !result.repairedChannels.isEmpty {
        notes.append(.biasRepaired(layer: layer.id, channels: result.repairedChannels))
      }
    }
    // A repair for one layer changes the scales of the others.
    for layer in sharers {
      guard let bias = layers.biasValues(of: layer), let name = layer.bias else { continue }
      let result = QuantizedBias(bias, inputScale: try inputScale(layer), weights: parameters)
      biases[layer.id] = Bias(
        codes: Tensor(result.codes),
        scales: Tensor(result.scales),
        zeroPoints: parameters.isPerChannel
          ? Tensor([Int32](repeating: 0, count: result.scales.count)) : .scalar(Int32(0)),
        isPerChannel: parameters.isPerChannel, initializer: name)
    }
    let codes =
      parameters == quantized.parameters
      ? quantized.codes
      : QuantizedWeights(tensor, parameters: parameters, profile: key.scheme.profile).codes
    let type = key.scheme.type.storedType(isPacked: key.isPacked)
    let zeroPoints = parameters.channels.map(\.zeroPoint)
    return Weight(
      codes: key.isPacked
        ? Tensor(codes: (0..<codes.count).map { codes[$0] }, type, shape: tensor.shape)
        : codes.tensor(shape: tensor.shape),
      scales: parameters.scaleTensor,
      zeroPoints: Tensor(
        codes: zeroPoints, type, shape: parameters.isPerChannel ? [zeroPoints.count] : []),
      attributes: parameters.axis.map { ["axis": .int(Int64($0))] } ?? [:],
      parameters: parameters, key: key)
  }
}

extension WeightReference {
  /// `scheme`, or the nearest that can be stored for a layer that runs with `precision`.
  package func possible(
    _ scheme: TensorScheme, for precision: LayerPrecision = .staticInt8
  ) -> TensorScheme {
    var scheme = scheme
    // A slice of a grouped ConvTranspose's weight serves one output of every group.
    if groups > 1, channelAxis == 1 { scheme.granularity = .perTensor }
    // Rows of a table are looked up as codes, which then have one map.
    if isTable { scheme.granularity = .perTensor }
    if precision != .weightOnly || shape.rank != 2 || isTable { scheme.groupSize = 0 }
    if precision == .dynamicInt8, shape.rank == 3 {
      // ONNX Runtime's operator takes symmetric int8.
      scheme.symmetry = .symmetric
      scheme.type = .qint8
    }
    return scheme
  }
}

extension QuantizedType {
  /// 4-bit codes are packed, or stored one to a byte.
  fileprivate func storedType(isPacked: Bool) -> ElementType {
    switch self {
    case .qint8: .int8
    case .quint8: .uint8
    case .qint4: isPacked ? .int4 : .int8
    case .quint4: isPacked ? .uint4 : .uint8
    }
  }
}

extension QuantizedCodes {
  func tensor(shape: Shape) -> Tensor {
    switch self {
    case .int8(let codes): Tensor(codes, shape: shape)
    case .uint8(let codes): Tensor(codes, shape: shape)
    }
  }
}

extension TensorParameters {
  /// Scales as ONNX stores them: a scalar, or one per channel.
  var scaleTensor: Tensor {
    isPerChannel ? Tensor(channels.map(\.scale)) : .scalar(channels[0].scale)
  }
}
