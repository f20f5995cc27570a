internal import Graphs
internal import Kernels

/// What LSTM, GRU and RNN say in attributes.
struct RecurrentAttributes {
  enum Kind: String {
    case lstm = "LSTM"
    case gru = "GRU"
    case simple = "RNN"

    var gates: Int {
      switch self {
      case .lstm: 4
      case .gru: 3
      case .simple: 1
      }
    }

    /// Activations of one direction, by default.
    fileprivate var activations: [String] {
      switch self {
      case .lstm: ["Sigmoid", "Tanh", "Tanh"]
      case .gru: ["Sigmoid", "Tanh"]
      case .simple: ["Tanh"]
      }
    }
  }

  let kind: Kind
  /// For each direction, whether it runs from the last step to the first.
  let isReversed: [Bool]
  /// For each direction, its activations in the order of the operator.
  let functions: [[GateFunction]]
  let hiddenSize: Int?
  let clip: Float?
  let isBatchFirst: Bool
  /// LSTM: whether the forget gate is one minus the input gate.
  let couplesForget: Bool
  /// GRU: whether the reset gate acts on the recurrent product.
  let resetsProduct: Bool

  init(_ node: Node, kind: Kind) throws(ExecutionError) {
    func invalid(_ attribute: String, _ detail: String) -> ExecutionError {
      .invalidAttribute(
        operatorName: node.operatorName.description, node: node.name, attribute: attribute,
        detail: detail)
    }
    self.kind = kind
    switch node.string("direction") ?? "forward" {
    case "forward": isReversed = [false]
    case "reverse": isReversed = [true]
    case "bidirectional": isReversed = [false, true]
    case let other:
      throw invalid("direction", "is '\(other)'; use forward, reverse or bidirectional")
    }
    hiddenSize = node.int("hidden_size").map { Int(clamping: $0) }
    guard hiddenSize.map({ $0 > 0 }) ?? true else {
      throw invalid("hidden_size", "must be positive, but is \(hiddenSize ?? 0)")
    }
    clip = node.float("clip")
    guard clip.map({ $0 > 0 }) ?? true else {
      throw invalid("clip", "must be positive, but is \(clip ?? 0)")
    }
    let layout = node.int("layout") ?? 0
    guard layout == 0 || layout == 1 else {
      throw invalid("layout", "is \(layout); use 0 or 1")
    }
    isBatchFirst = layout == 1
    couplesForget = node.int("input_forget") ?? 0 != 0
    resetsProduct = node.int("linear_before_reset") ?? 0 != 0

    let perDirection = kind.activations.count
    let names =
      node.strings("activations")
      ?? isReversed.flatMap { _ in kind.activations }
    guard names.count == perDirection * isReversed.count else {
      throw invalid(
        "activations",
        "has \(names.count) names where \(perDirection * isReversed.count) are needed")
    }
    var alphas = (node.floats("activation_alpha") ?? [])[...]
    var betas = (node.floats("activation_beta") ?? [])[...]
    var all: [GateFunction] = []
    for name in names {
      guard let function = GateFunction(named: name, &alphas, &betas) else {
        throw invalid("activations", "names '\(name)', which is none of ONNX's activations")
      }
      all.append(function)
    }
    functions = isReversed.indices.map { direction in
      Array(all[direction * perDirection..<(direction + 1) * perDirection])
    }
  }

  func cell(
    direction: Int, hidden: Int, peepholes: [Float]?, isa: InstructionSet
  ) -> RecurrentCell {
    let f = functions[direction]
    return switch kind {
    case .lstm:
      .lstm(
        LSTMCell(
          hidden: hidden, f: f[0], g: f[1], h: f[2], peepholes: peepholes,
          couplesForget: couplesForget, clip: clip, isa: isa))
    case .gru:
      .gru(
        GRUCell(
          hidden: hidden, f: f[0], g: f[1], resetsProduct: resetsProduct, clip: clip, isa: isa))
    case .simple: .simple(SimpleCell(hidden: hidden, function: f[0], clip: clip, isa: isa))
    }
  }
}

extension GateFunction {
  /// The activation that ONNX calls so, in upper or lower case; takes its parameters off the lists,
  /// as long as there are any.
  fileprivate init?(
    named name: String, _ alphas: inout ArraySlice<Float>, _ betas: inout ArraySlice<Float>
  ) {
    switch name.lowercased() {
    case "sigmoid": self = .sigmoid
    case "tanh": self = .tanh
    case "relu": self.init(.relu)
    case "softsign": self.init(.softsign)
    case "softplus": self.init(.softplus)
    case "leakyrelu": self.init(.leakyRelu(slope: alphas.popFirst() ?? 0.01))
    case "elu": self.init(.elu(alpha: alphas.popFirst() ?? 1))
    case "thresholdedrelu": self.init(.thresholded(above: alphas.popFirst() ?? 1))
    case "affine":
      self.init(.affine(scale: alphas.popFirst() ?? 1, offset: betas.popFirst() ?? 0))
    case "hardsigmoid":
      self.init(.hardSigmoid(alpha: alphas.popFirst() ?? 0.2, beta: betas.popFirst() ?? 0.5))
    case "scaledtanh":
      let (alpha, beta) = (alphas.popFirst() ?? 1, betas.popFirst() ?? 1)
      self.init(
        .affine(scale: beta, offset: 0), .tanh, .affine(scale: alpha, offset: 0))
    default: return nil
    }
  }
}

extension Node {
  fileprivate func floats(_ name: String) -> [Float]? {
    if case .floats(let values)? = attributes[name] { values } else { nil }
  }

  fileprivate func strings(_ name: String) -> [String]? {
    guard case .strings(let values)? = attributes[name] else { return nil }
    return values.map { String(decoding: $0, as: UTF8.self) }
  }
}
