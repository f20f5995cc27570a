internal import Glibc
internal import Graphs
internal import Kernels

/// The kernel without guard against saturation that could stand in for an integer step.
///
/// Other runtimes multiply unsigned activations with signed weights by `vpmaddubsw`; weights of an
/// unsigned type have a kernel of their own that does not saturate.
struct SaturatingTwin {
  typealias Exact<Element> = (RunContext, UnsafeMutablePointer<Element>) -> Void
  typealias Saturating<Element> = (RunContext, UnsafeMutablePointer<Element>) -> SaturationCount

  /// Both kernels, by what they make.
  enum Pair {
    case codes(exact: Exact<UInt8>, saturating: Saturating<UInt8>)
    case reals(exact: Exact<Float>, saturating: Saturating<Float>)
  }

  private let step: String
  private let nodes: [Node.ID]
  private let readsSigned: Bool
  private let isDepthwise: Bool
  /// Elements of the output.
  private let count: Int
  private let target: Buffer.ID
  private let kernels: Pair

  /// `nil` where no runtime takes the saturating instruction.
  init?(
    _ site: OperatorSite, input: Codes, weights: IntegerWeights, isDepthwise: Bool = false,
    count: Int, target: Buffer.ID, _ kernels: Pair
  ) {
    guard weights.isSigned else { return nil }
    step = site.nodeName
    nodes = site.units.flatMap(\.nodes)
    readsSigned = input.isSigned
    self.isDepthwise = isDepthwise
    self.count = count
    self.target = target
    self.kernels = kernels
  }

  /// Compares what both kernels make.
  /// - Parameter carries: whether the saturated output is left for the steps behind.
  func measure(_ run: RunContext, carries: Bool) -> StepSaturation {
    switch kernels {
    case .codes(let exact, let saturating):
      measure(exact, saturating, run, carriesTo: carries ? run.codes(target) : nil) { Double($0) }
    case .reals(let exact, let saturating):
      measure(exact, saturating, run, carriesTo: carries ? run.floats(target) : nil) { Double($0) }
    }
  }

  private func measure<Element>(
    _ exact: Exact<Element>, _ saturating: Saturating<Element>, _ run: RunContext,
    carriesTo target: UnsafeMutablePointer<Element>?, _ value: (Element) -> Double
  ) -> StepSaturation {
    let buffer = UnsafeMutablePointer<Element>.allocate(capacity: max(2 * count, 1))
    defer { buffer.deallocate() }
    exact(run, buffer)
    let found = saturating(run, buffer + count)
    // Differences of codes are errors in steps; the mean of the codes is no signal.
    var (sum, squares, errors) = (0.0, 0.0, 0.0)
    for index in 0..<count {
      let (right, wrong) = (value(buffer[index]), value(buffer[count + index]))
      sum += right
      squares += right * right
      errors += (right - wrong) * (right - wrong)
    }
    target?.update(from: buffer + count, count: count)
    let signal = squares - sum * sum / Double(max(count, 1))
    return StepSaturation(
      step: step, nodes: nodes, pairs: found.pairs, saturated: found.saturated,
      sqnr: errors == 0 ? .infinity : 10 * log10(signal / errors))
  }

  /// Whether a runtime that has `kernels` saturates here.
  func belongs(to kernels: SaturatingKernels) -> Bool {
    (kernels.signed || !readsSigned) && (kernels.depthwise || !isDepthwise)
  }
}
