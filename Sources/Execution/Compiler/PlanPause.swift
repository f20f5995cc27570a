internal import Graphs
internal import Tensors

/// Where a plan ends although the model goes on, and what the part behind it starts from.
struct PlanPause {
  enum Operation {
    case tensors(any TensorOperator)
    case controlFlow(any ControlFlowOperator)
  }

  enum Reason {
    /// An operator that is computed between two parts.
    case operation(Operation)
    /// The elements of this value decide how the rest is compiled.
    case content(String)
  }

  let reason: Reason
  /// The unit that could not be compiled.
  let unit: PlanGraph.Unit
  /// Where compiling goes on.
  let nextUnit: Int
  /// What later units, the model's outputs and the operation read.
  let values: [String: Value]
  /// Where the values that are wanted now lie in row-major order.
  let operands: [String: Buffer.ID]
  let absorbed: Set<Int>
  let deferred: [String: Int]
  let nonTensors: Set<String>
  /// Buffers that outlive the part, each once; position is the number of a carried buffer.
  let handedOn: [Buffer.ID]
  private let slots: [Buffer.ID: Int]

  init(
    reason: Reason, unit: PlanGraph.Unit, nextUnit: Int, values: [String: Value],
    operands: [String: Buffer.ID], absorbed: Set<Int>, deferred: [String: Int],
    nonTensors: Set<String>, buffers: [Buffer]
  ) {
    self.reason = reason
    self.unit = unit
    self.nextUnit = nextUnit
    self.values = values
    self.operands = operands
    self.absorbed = absorbed
    self.deferred = deferred
    self.nonTensors = nonTensors
    var handedOn: [Buffer.ID] = []
    var slots: [Buffer.ID: Int] = [:]
    let all = values.values.flatMap(\.everyBuffer) + operands.values
    for buffer in all where slots[buffer] == nil && buffers[buffer.rawValue].isOwned {
      slots[buffer] = handedOn.count
      handedOn.append(buffer)
    }
    self.handedOn = handedOn
    self.slots = slots
  }

  /// Which of the carried buffers holds what `buffer` held; `nil` for constants and inputs.
  func slot(of buffer: Buffer.ID) -> Int? { slots[buffer] }
}

/// What is known of an operand before its elements are.
enum Signature: Hashable, Sendable {
  case tensor(ElementType, Shape)
  /// A sequence or an optional.
  case nonTensor

  init(_ value: RunValue) {
    if case .tensor(let tensor) = value {
      self = .tensor(tensor.elementType, tensor.shape)
    } else {
      self = .nonTensor
    }
  }
}

/// What came of a pause.
enum PartResult {
  /// The value is that tensor, for this continuation.
  case known(Tensor)
  /// The value is in the carried buffer of that number.
  case made(slot: Int, Signature)
}

/// What the part behind a pause depends on.
struct Continuation: Hashable {
  /// Of what the operation made, in order.
  var signatures: [Signature] = []
  /// The value that was wanted.
  var shape: Shape?
  var bytes: [UInt8] = []
}

/// Takes values over from one part of a plan to the next.
struct ValueTransfer {
  private let part: CompiledPlan
  private let pause: PlanPause
  private var known: [ObjectIdentifier: Value] = [:]
  private var buffers: [Buffer.ID: Buffer.ID] = [:]

  init(from part: CompiledPlan, _ pause: PlanPause) {
    self.part = part
    self.pause = pause
  }

  mutating func value(_ old: Value, in compiler: PlanCompiler) -> Value {
    if let value = known[ObjectIdentifier(old)] { return value }
    let value = Value(
      name: old.name, elementType: old.elementType, shape: old.shape, layout: old.layout)
    known[ObjectIdentifier(old)] = value
    for (layout, form) in old.forms { value.forms[layout] = buffer(form, in: compiler) }
    value.codes = old.codes.map { $0.moved(to: self.value($0.value, in: compiler)) }
    value.padding = old.padding.map { padding in
      DeferredPadding(
        input: self.value(padding.input, in: compiler), unit: padding.unit, begin: padding.begin,
        end: padding.end)
    }
    value.transposition = old.transposition.map {
      DeferredTransposition(
        input: self.value($0.input, in: compiler), order: $0.order, unit: $0.unit)
    }
    value.scores = old.scores.map { scores in
      var scores = scores
      scores.query = self.value(scores.query, in: compiler)
      scores.key = self.value(scores.key, in: compiler)
      scores.mask = scores.mask.map { self.value($0, in: compiler) }
      return scores
    }
    return value
  }

  private mutating func buffer(_ old: Buffer.ID, in compiler: PlanCompiler) -> Buffer.ID {
    if let new = buffers[old] { return new }
    let buffer = part.buffers[old.rawValue]
    let home = pause.slot(of: old).map { Buffer.Home.carried($0) } ?? buffer.home
    let new = compiler.addBuffer(home, byteCount: buffer.byteCount)
    buffers[old] = new
    return new
  }
}

extension Value {
  /// The buffers of all its forms, and of the values that it stands for.
  fileprivate var everyBuffer: [Buffer.ID] {
    let sources = [
      codes?.value, padding?.input, transposition?.input, scores?.query, scores?.key, scores?.mask,
    ]
    return Array(forms.values) + sources.compactMap { $0 }.flatMap(\.everyBuffer)
  }
}
