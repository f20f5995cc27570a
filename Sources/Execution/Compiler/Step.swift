internal import Graphs
internal import Tensors

/// One call of a kernel in a compiled plan.
struct Step {
  typealias Body = (RunContext) throws(ExecutionError) -> Void

  var name: String
  var operatorName: String
  var nodes: [Node.ID]
  var output: String
  var outputShape: Shape
  var kernel: String
  var multiplyAccumulates = 0
  /// Bytes of packed weights that the step reads and the plan holds.
  var weightByteCount = 0
  var isInteger = false
  /// Products that are added in 16 bits before a sum widens, on average.
  var safeRun: Double?
  var reads: [Buffer.ID]
  var writes: [Buffer.ID]
  /// Working memory, alive during the step only.
  var scratch: Buffer.ID?
  /// Which of `reads` the first output may take the bytes of, element by element, when nobody
  /// needs them afterwards.
  var sharesInputs: [Int] = []
  /// What a saturating kernel would do to the same input.
  var saturation: SaturatingTwin?
  let body: Body
}

/// A kept value and the moment it exists.
struct Observation {
  let value: Value
  /// The step after which it is complete; -1 for inputs of the model.
  let afterStep: Int
  /// The form that is shown.
  let layout: Layout
  let floats: Buffer.ID?
  /// Whether the bytes are the plan's own, so that an observer may change them.
  let isWritable: Bool
  let other: Buffer.ID?
  let codes: Codes?
  let codeBuffer: Buffer.ID?
}
