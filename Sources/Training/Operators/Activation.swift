internal import Execution
internal import Graphs
internal import Kernels
internal import Tensors

/// Functions of one number, element by element.
enum ActivationOperator: DifferentiableOperator {
  static func compile(_ site: TrainingSite) throws(TrainingError) {
    let function = try function(of: site)
    let layout = try site.layout(0)
    let input = try site.input(0, layout)
    let output = site.output(0, input.shape, layout)
    site.emit(
      ActivationStep(function, input, output), keeps: function.reads(input.slot, output.slot))
  }

  private static func function(of site: TrainingSite) throws(TrainingError) -> FloatActivation {
    let node = site.node
    switch node.operatorName.name {
    case "Relu": return .relu
    case "LeakyRelu": return .leakyRelu(slope: node.float("alpha") ?? 0.01)
    case "Clip":
      return .clamp(
        low: try bound(1, site) ?? -.infinity, high: try bound(2, site) ?? .infinity)
    case "Sigmoid": return .sigmoid
    case "HardSigmoid":
      return .hardSigmoid(alpha: node.float("alpha") ?? 0.2, beta: node.float("beta") ?? 0.5)
    case "HardSwish": return .hardSwish
    case "Tanh": return .tanh
    case "Elu": return .elu(alpha: node.float("alpha") ?? 1)
    case "Softplus": return .softplus
    case "Softsign": return .softsign
    case "Exp": return .exp
    case "Log": return .log
    case "Sqrt": return .sqrt
    case "Reciprocal": return .reciprocal
    case "Erf": return .erf
    case "Neg": return .negate
    case "Abs": return .absolute
    case "Gelu": return node.string("approximate") == "tanh" ? .geluTanh : .gelu
    case "Mish": return .mish
    case "Swish":
      guard node.float("alpha") ?? 1 == 1 else { throw site.unsupported("alpha is not 1") }
      return .silu
    case "ThresholdedRelu": return .thresholded(above: node.float("alpha") ?? 1)
    default:
      throw .noGradient(operatorName: node.operatorName.description, node: site.nodeName)
    }
  }

  private static func bound(_ index: Int, _ site: TrainingSite) throws(TrainingError) -> Float? {
    guard site.hasInput(index) else { return nil }
    return try site.constant(index).floats.first
  }
}

extension FloatActivation {
  /// Which of the values of a step its gradient depends on.
  fileprivate func reads(_ input: Slot, _ output: Slot) -> [Slot] {
    switch self {
    case .none, .negate, .affine: []
    case .clamp, .hardSigmoid, .sigmoid, .tanh, .exp, .sqrt, .reciprocal: [output]
    case .silu, .elu: [input, output]
    default: [input]
    }
  }
}

/// One function, element by element.
final class ActivationStep: TrainingStep {
  var worksInPlace: Bool { true }
  private let function: FloatActivation
  private let input: Operand
  private let output: Product

  init(_ function: FloatActivation, _ input: Operand, _ output: Product) {
    self.function = function
    self.input = input
    self.output = output
  }

  func forward(_ run: StepRun) {
    function.apply(
      run.floats(input.slot), into: run.floats(output.slot), count: input.count, isa: run.isa,
      pool: run.pool)
  }

  func backward(_ run: StepRun) {
    guard let to = run.floats(input.gradient), let from = run.floats(output.gradient) else {
      return
    }
    function.gradient(
      input: run.floats(input.slot), output: run.floats(output.slot), outputGradient: from,
      into: to, count: input.count, isa: run.isa, pool: run.pool)
  }
}
