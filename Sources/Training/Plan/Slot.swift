internal import Execution
internal import Tensors

/// A run of floats that steps of a training plan read and write: a value, or a gradient.
struct Slot: Hashable, Sendable {
  let rawValue: Int
}

/// Where the floats of a slot are.
enum SlotHome {
  case arena
  /// Whatever the caller gives a batch under that name.
  case input(String)
  case constant(Tensor)
  case parameter(Int)
  case parameterGradient(Int)
  /// The same floats as another slot.
  case alias(Slot)
}

/// A value of the graph in a plan.
final class PlanValue {
  let name: String
  let shape: Shape
  let layout: Layout
  let slot: Slot
  /// Where the sum of all gradients of the value is found; nil when no weight has a part in it.
  let gradient: Slot?
  /// The same elements in another order.
  var rearranged: PlanValue?
  /// Who reads it: steps by number, and where each leaves its gradient.
  var uses: [(step: Int, gradient: Slot)] = []

  init(
    name: String, shape: Shape, layout: Layout, slot: Slot, gradient: Slot?
  ) {
    self.name = name
    self.shape = shape
    self.layout = layout
    self.slot = slot
    self.gradient = gradient
  }
}

/// What a step knows of a value that it reads.
struct Operand {
  let slot: Slot
  /// Where the step leaves the gradient; nil when nobody needs it.
  let gradient: Slot?
  let shape: Shape
  let layout: Layout

  var physical: Shape { layout.memoryShape(of: shape) }
  var count: Int { shape.elementCount }
}

/// What a step knows of a value that it makes.
struct Product {
  let slot: Slot
  /// Where the step finds the gradient; undefined when the value needs none.
  let gradient: Slot?
  let shape: Shape
  let layout: Layout

  var physical: Shape { layout.memoryShape(of: shape) }
  var count: Int { shape.elementCount }
}
