internal import Kernels

/// What happens in a run beside arithmetic.
package struct TrainingMode: Hashable, Sendable {
  /// Whether batch normalizations take the statistics of the batch and follow them.
  package var normalizesByBatch: Bool
  /// Whether the ranges of fake quantization follow what passes.
  package var observes: Bool
  /// Whether values are rounded to codes.
  package var quantizes: Bool

  package init(normalizesByBatch: Bool, observes: Bool, quantizes: Bool) {
    self.normalizesByBatch = normalizesByBatch
    self.observes = observes
    self.quantizes = quantizes
  }

  package static let training = TrainingMode(
    normalizesByBatch: true, observes: true, quantizes: true)
  package static let evaluation = TrainingMode(
    normalizesByBatch: false, observes: false, quantizes: true)
  package static let float = TrainingMode(
    normalizesByBatch: false, observes: false, quantizes: false)
}

/// What a step sees while it runs.
struct StepRun {
  let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer>
  let pool: ThreadPool
  let isa: InstructionSet
  let mode: TrainingMode

  func floats(_ slot: Slot) -> UnsafeMutablePointer<Float> {
    pointers[slot.rawValue].assumingMemoryBound(to: Float.self)
  }

  func raw(_ slot: Slot) -> UnsafeMutableRawPointer { pointers[slot.rawValue] }

  /// The gradient of an operand, where somebody needs it.
  func floats(_ slot: Slot?) -> UnsafeMutablePointer<Float>? { slot.map { floats($0) } }
}

/// A differentiable function of some values, computed both ways.
///
/// `backward` finds the gradients of what the step made and overwrites those of what it read; where
/// a value has several readers the plan adds up.
protocol TrainingStep: AnyObject {
  /// Whether what is made may lie over the only value read, and its gradient over the result's.
  var worksInPlace: Bool { get }
  func forward(_ run: StepRun)
  func backward(_ run: StepRun)
}

extension TrainingStep {
  var worksInPlace: Bool { false }
}

/// Reads a node, makes known what it computes, and adds the step that does.
protocol DifferentiableOperator: SendableMetatype {
  static func compile(_ site: TrainingSite) throws(TrainingError)
}
