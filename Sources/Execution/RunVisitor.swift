internal import Tensors

/// Watches a run from within: observers, clocks, counters. It sees the steps of subgraphs too,
/// whenever they run.
protocol RunVisitor: AnyObject {
  /// Whether kept values are to be shown.
  var observes: Bool { get }
  /// Whether branches that the data do not take are to be run too, for what can be said of them.
  var surveysBranches: Bool { get }
  /// A kept value exists; elements that nobody has read yet may be overwritten.
  func show(_ value: ObservedValue, _ elements: UnsafeMutableBufferPointer<Float>) throws
  /// Asked before every step.
  /// - Returns: whether the visitor has computed it, so that it must not run.
  func takesOver(_ step: Step, _ context: RunContext) -> Bool
  /// - Parameter description: of the step, for people.
  func didRun(_ description: PlanStep, number: Int, of plan: CompiledPlan)
}

extension RunVisitor {
  var observes: Bool { false }
  var surveysBranches: Bool { false }
  func show(_ value: ObservedValue, _ elements: UnsafeMutableBufferPointer<Float>) throws {}
  func takesOver(_ step: Step, _ context: RunContext) -> Bool { false }
  func didRun(_ description: PlanStep, number: Int, of plan: CompiledPlan) {}
}

/// Hands kept values to a closure.
final class Observer: RunVisitor {
  private let body: (ObservedValue, UnsafeMutableBufferPointer<Float>) throws -> Void
  var observes: Bool { true }

  init(_ body: @escaping (ObservedValue, UnsafeMutableBufferPointer<Float>) throws -> Void) {
    self.body = body
  }

  func show(_ value: ObservedValue, _ elements: UnsafeMutableBufferPointer<Float>) throws {
    try body(value, elements)
  }
}
