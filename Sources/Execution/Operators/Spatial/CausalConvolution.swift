internal import Graphs
internal import Kernels
internal import Tensors

/// CausalConvWithState: each channel filtered on its own over the present and the past, of which
/// the last values are handed on.
struct CausalConvolution: OperatorKernel {
  private let isSwish: Bool

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let activation = node.string("activation") ?? "none"
    guard ["none", "silu", "swish"].contains(activation) else {
      throw .invalidAttribute(
        operatorName: "CausalConvWithState", node: node.name, attribute: "activation",
        detail: "is '\(activation)'")
    }
    isSwish = activation != "none"
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let weights = try site.input(1)
    let (shape, type) = (input.shape, input.elementType)
    try site.require(weights, type)
    guard shape.rank == 3, weights.shape.rank == 3, weights.shape[2] > 0,
      weights.shape.dimensions[..<2] == [shape[1], 1]
    else { throw site.mismatch("weights \(weights.shape) for an input \(shape)") }
    let (channels, length, kernel) = (shape[1], shape[2], weights.shape[2])
    let states: Shape = [shape[0], channels, kernel - 1]
    guard try site.optionalInput(2).map({ $0.shape == [channels] }) ?? true,
      try site.optionalInput(3).map({ $0.shape == states }) ?? true
    else { throw site.mismatch("a bias or a state that does not fit \(shape)") }
    let optional = try site.optionalReads(2..<4, type)
    let (source, filter) = (site.read(input), site.read(weights))
    let result = try site.output(0, type, shape)
    let present = try site.output(1, type, states)
    let (target, next) = (site.write(result), site.write(present))
    let isSwish = self.isSwish
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let bias = optional[0].map { run.elements($0, of: type) }
        let past = optional[1].map { run.elements($0, of: type) }
        run.pool.dynamic(shape[0] * channels, chunk: 16) { range, _ in
          for row in range {
            let from = run.elements(source, of: type) + row * length
            let to = run.elements(target, of: type) + row * length
            let state = past.map { $0 + row * (kernel - 1) }
            let taps = run.elements(filter, of: type) + row % channels * kernel
            // Places before the input are those of the state.
            func value(_ place: Int) -> Real {
              place >= 0 ? from[place] : state?[place + kernel - 1] ?? 0
            }
            for place in 0..<length {
              var sum = bias?[row % channels] ?? 0
              for tap in 0..<kernel { sum += taps[tap] * value(place + tap - kernel + 1) }
              to[place] = isSwish ? sum / (1 + Real.exponential(-sum)) : sum
            }
            let kept = run.elements(next, of: type) + row * (kernel - 1)
            for place in 0..<kernel - 1 { kept[place] = value(length + place - kernel + 1) }
          }
        }
      }
    }
    try site.emitReal(
      [result, present], type, kernel: "causal-conv",
      reads: [source, filter] + optional.compactMap { $0 },
      multiplyAccumulates: shape.elementCount * kernel, single: body(Float.self),
      double: body(Double.self))
  }
}
