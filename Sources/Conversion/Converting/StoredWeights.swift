import Graphs
import OrderedCollections
package import Quantization
import Tensors

/// The weights and biases of all int8 layers as they are stored.
struct StoredWeights {
  struct Weight {
    let codes: Tensor
    let parameters: TensorParameters
    let initializer: String
    /// Names one stored copy; layers with equal keys share it.
    let key: Key
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
  }

  private(set) var weights: [Layer.ID: Weight] = [:]
  private(set) var biases: [Layer.ID: Bias] = [:]
  private(set) var notes: [ConversionNote] = []

  init(
    _ layers: LayerGraph, _ resolution: Resolution,
    inputScale: (Layer) throws(ConversionError) -> Float
  ) throws(ConversionError) {
    var users: OrderedDictionary<Key, [Layer]> = [:]
    for layer in layers.layers {
      guard let choice = resolution.layers[layer.id], choice.isInt8, let weight = layer.weight
      else {
        continue
      }
      let scheme = weight.possible(choice.qconfig.weight)
      if scheme.type.bitWidth < 8 {
        notes.append(
          .adjusted(
            layer: layer.id,
            text: "\(scheme.type.rawValue) weights are stored one to a byte, for int8 kernels."))
      }
      if scheme != choice.qconfig.weight {
        notes.append(
          .adjusted(
            layer: layer.id, text: "weights of a grouped ConvTranspose have one scale per tensor."))
      }
      let alpha = layer.operatorType == "Gemm" ? layers.node(layer.main)?.float("alpha") ?? 1 : 1
      let key = Key(
        initializer: weight.initializer, axis: weight.channelAxis, scheme: scheme, factor: alpha)
      users[key, default: []].append(layer)
    }
    for (key, sharers) in users {
      try store(key, for: sharers, layers: layers, inputScale: inputScale)
    }
  }

  private mutating func store(
    _ key: Key, for sharers: [Layer], layers: LayerGraph,
    inputScale: (Layer) throws(ConversionError) -> Float
  ) throws(ConversionError) {
    guard let first = sharers.first, let tensor = layers.weightTensor(of: first) else { return }
    let statistics: WeightStatistics
    let quantized: QuantizedWeights
    do {
      statistics = try WeightStatistics(tensor, axis: key.axis)
      quantized = try statistics.quantized(with: key.scheme)
    } catch {
      throw .weights(layer: first.id, reason: "\(error)")
    }
    for warning in statistics.warnings(for: key.scheme, parameters: quantized.parameters) {
      notes.append(.weightWarning(layer: first.id, text: "\(warning)"))
    }
    var parameters = quantized.parameters
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
    for layer in sharers {
      weights[layer.id] = Weight(
        codes: codes.tensor(shape: tensor.shape), parameters: parameters,
        initializer: key.initializer, key: key)
    }
    if sharers.count > 1 {
      notes.append(.weightShared(initializer: key.initializer, layers: sharers.map(\.id)))
    }
  }
}

extension WeightReference {
  /// `scheme`, or the nearest that can be stored.
  package func possible(_ scheme: TensorScheme) -> TensorScheme {
    var scheme = scheme
    // A slice of a grouped ConvTranspose's weight serves one output of every group.
    if groups > 1, channelAxis == 1 { scheme.granularity = .perTensor }
    return scheme
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

  var zeroPointTensor: Tensor {
    guard isPerChannel else { return channels[0].zeroPointTensor }
    return switch type {
    case .quint8, .quint4: Tensor(channels.map { UInt8(clamping: $0.zeroPoint) })
    case .qint8, .qint4: Tensor(channels.map { Int8(clamping: $0.zeroPoint) })
    }
  }
}
