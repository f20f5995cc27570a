internal import Glibc
internal import Graphs
internal import Kernels

/// The kernel without guard against saturation that could stand in for an integer step.
///
/// Other runtimes multiply unsigned activations with signed weights by `vpmaddubsw`; weights of an
/// unsigned type have a kernel of their own that does not saturate.
struct SaturatingTwin {
  typealias Exact = (RunContext, UnsafeMutablePointer<UInt8>) -> Void
  typealias Saturating = (RunContext, UnsafeMutablePointer<UInt8>) -> SaturationCount

  private let step: String
  private let nodes: [Node.ID]
  private let readsSigned: Bool
  private let isDepthwise: Bool
  /// Codes of the output.
  private let count: Int
  private let target: Buffer.ID
  private let exact: Exact
  private let saturating: Saturating

  /// `nil` where no runtime takes the saturating instruction.
  init?(
    _ site: OperatorSite, input: Codes, weights: IntegerWeights, isDepthwise: Bool = false,
    count: Int,
    target: Buffer.ID, exact: @escaping Exact, saturating: @escaping Saturating
  ) {
    guard weights.isSigned else { return nil }
    step = site.nodeName
    nodes = site.units.flatMap(\.nodes)
    readsSigned = input.isSigned
    self.isDepthwise = isDepthwise
    self.count = count
    self.target = target
    self.exact = exact
    self.saturating = saturating
  }

  /// Compares the codes of both kernels.
  /// - Parameter carries: whether the saturated codes are left for the steps behind.
  func measure(_ run: RunContext, carries: Bool) -> StepSaturation {
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: max(2 * count, 1))
    defer { buffer.deallocate() }
    exact(run, buffer)
    let found = saturating(run, buffer + count)
    // Differences of codes are errors in steps; the mean of the codes is no signal.
    var (sum, squares, errors) = (0.0, 0.0, 0.0)
    for index in 0..<count {
      let (right, wrong) = (Double(buffer[index]), Double(buffer[count + index]))
      sum += right
      squares += right * right
      errors += (right - wrong) * (right - wrong)
    }
    if carries { run.codes(target).update(from: buffer + count, count: count) }
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
