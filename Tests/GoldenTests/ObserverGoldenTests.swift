import Quantization
import Tensors
import Testing

@Suite(.golden("observers")) struct ObserverGoldenTests {
  static let cases = GoldenSet.current.cases("observers")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    switch golden.kind {
    case "torch_observer": try checkObserver(golden)
    case "torch_fixed_qparams": try checkFixed(golden)
    case "torch_passive_observer":
      let observer = PassiveObserver(isDynamic: golden["is_dynamic"].bool ?? false)
      #expect(observer.forward([1, -2, .infinity]) == [1, -2, .infinity])
      #expect(throws: ObserverError.passive) { try observer.parameters() }
    default: recordUnknownKind(golden)
    }
  }

  private func checkObserver(_ golden: GoldenSet.Case) throws {
    let batches = try GoldenSet.current.stream(try #require(golden["stream"].string))
    try checkStates(golden, batches)
    var observer = try AnyTorchObserver(golden)
    var failure: ObserverError?
    do throws(ObserverError) {
      for batch in batches { try observer.observe(batch) }
    } catch {
      failure = error
    }
    for entry in golden["configs"].array {
      if let failure {
        #expect(entry["raises"].string != nil, "\(failure)")
      } else {
        try expectParameters(entry) { (configuration) throws(ObserverError) in
          try observer.parameters(for: configuration)
        }
      }
    }
  }

  /// States after each batch, up to the first that PyTorch refused.
  ///
  /// Where a per-channel state was still empty, the recorder's own reading of it made PyTorch refuse
  /// the next batch (a tensor whose memory NumPy holds cannot be resized); the configurations, fed
  /// without reading, show that the batch is fine. Such a refusal says nothing about observers.
  private func checkStates(_ golden: GoldenSet.Case, _ batches: [Tensor]) throws {
    var observer = try AnyTorchObserver(golden)
    var wasEmpty = false
    for (state, batch) in zip(golden["state_after_batch"].array, batches) {
      if state["raises"].string != nil {
        if !wasEmpty { #expect(throws: ObserverError.self) { try observer.observe(batch) } }
        return
      }
      try observer.observe(batch)
      let (minima, maxima) = observer.state
      #expect(same(minima, state["min_val"]["data"].floats))
      #expect(same(maxima, state["max_val"]["data"].floats))
      wasEmpty = minima.isEmpty
    }
  }

  private func checkFixed(_ golden: GoldenSet.Case) throws {
    let observer = FixedParametersObserver(
      scale: try #require(golden["scale"].floats.first),
      zeroPoint: Int32(try #require(golden["zero_point"].ints.first)),
      range: QuantizedRange(
        lowest: Int32(try #require(golden["quant_min"].int)),
        highest: Int32(try #require(golden["quant_max"].int)), type: .quint8))
    let preset: FixedParametersObserver? =
      switch golden["activation"].string {
      case "sigmoid", "hardsigmoid", "softmax": .unitInterval
      case "tanh": .signedUnitInterval
      default: nil
      }
    if let preset { #expect(observer == preset) }
    let input = try GoldenSet.current.tensor(golden["input"]).floats
    let expected = try GoldenSet.current.tensor(golden["fake_quantized"]).floats
    #expect(same(input.map(observer.parameters.fakeQuantize), expected))
  }
}

/// Any of PyTorch's observers that only keep ranges.
enum AnyTorchObserver {
  case minMax(MinMaxObserver)
  case movingAverage(MovingAverageMinMaxObserver)
  case perChannel(PerChannelMinMaxObserver)
  case movingAveragePerChannel(MovingAveragePerChannelMinMaxObserver)

  init(_ golden: GoldenSet.Case) throws {
    let axis = golden["args"]["ch_axis"].int ?? 0
    let constant = golden["args"]["averaging_constant"].float ?? 0.01
    switch golden["observer"].string {
    case "MinMaxObserver": self = .minMax(MinMaxObserver())
    case "MovingAverageMinMaxObserver":
      self = .movingAverage(MovingAverageMinMaxObserver(averagingConstant: constant))
    case "PerChannelMinMaxObserver": self = .perChannel(PerChannelMinMaxObserver(axis: axis))
    case "MovingAveragePerChannelMinMaxObserver":
      self = .movingAveragePerChannel(
        MovingAveragePerChannelMinMaxObserver(axis: axis, averagingConstant: constant))
    case let name:
      Issue.record("unknown observer \(name ?? "none")")
      self = .minMax(MinMaxObserver())
    }
  }

  var state: (minima: [Float], maxima: [Float]) {
    switch self {
    case .minMax(let observer): ([observer.minimum], [observer.maximum])
    case .movingAverage(let observer): ([observer.minimum], [observer.maximum])
    case .perChannel(let observer): (observer.minima, observer.maxima)
    case .movingAveragePerChannel(let observer): (observer.minima, observer.maxima)
    }
  }

  mutating func observe(_ batch: Tensor) throws(ObserverError) {
    switch self {
    case .minMax(var observer):
      observer.observe(batch.floats)
      self = .minMax(observer)
    case .movingAverage(var observer):
      observer.observe(batch.floats)
      self = .movingAverage(observer)
    case .perChannel(var observer):
      try observer.observe(batch.floats, shape: batch.shape)
      self = .perChannel(observer)
    case .movingAveragePerChannel(var observer):
      try observer.observe(batch.floats, shape: batch.shape)
      self = .movingAveragePerChannel(observer)
    }
  }

  func parameters(
    for configuration: ObserverConfiguration
  ) throws(ObserverError) -> ObservedParameters {
    switch self {
    case .minMax(let observer): try observer.parameters(for: configuration)
    case .movingAverage(let observer): try observer.parameters(for: configuration)
    case .perChannel(let observer): try observer.parameters(for: configuration)
    case .movingAveragePerChannel(let observer): try observer.parameters(for: configuration)
    }
  }
}

/// Compares one entry of `configs`, as the schema says.
func expectParameters(
  _ entry: JSONValue,
  _ parameters: (ObserverConfiguration) throws(ObserverError) -> ObservedParameters
) throws {
  let configuration = try ObserverConfiguration(golden: entry["config"])
  if entry["raises"].string != nil {
    #expect(throws: ObserverError.self) { try parameters(configuration) }
    return
  }
  let found = try parameters(configuration)
  let scales = entry["scale"].floats
  #expect(same(found.scales, scales), "\(configuration): \(found.scales) is not \(scales)")
  #expect(Int(found.lowest) == entry["effective_quant_min"].int)
  #expect(Int(found.highest) == entry["effective_quant_max"].int)
  if scales.allSatisfy(\.isFinite) {
    let zeroPoints = entry["zero_point"].floats
    #expect(same(found.zeroPoints, zeroPoints), "\(configuration): \(found.zeroPoints)")
  }
}

extension ObserverConfiguration {
  init(golden: JSONValue) throws {
    let type =
      switch golden["dtype"].string {
      case "qint8", "int8": ObservedType.qint8
      case "quint8", "uint8": ObservedType.quint8
      case let name: try #require(ObservedType(rawValue: name ?? ""), "unknown type")
      }
    self.init(
      type: type,
      scheme: try #require(ObserverScheme(rawValue: golden["qscheme"].string ?? "")),
      reduceRange: golden["reduce_range"].bool ?? false,
      customLowest: golden["quant_min"].int.map { Int32($0) },
      customHighest: golden["quant_max"].int.map { Int32($0) },
      epsilon: golden["eps"].float ?? TensorScheme.defaultEpsilon)
  }
}
