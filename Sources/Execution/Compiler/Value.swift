internal import Tensors

/// A value of the graph while its plan is compiled: what it is, and in which buffers it exists.
final class Value {
  let name: String
  let elementType: ElementType
  let shape: Shape
  /// The same elements in one order or both. Empty while the value exists only as codes.
  var forms: [Layout: Buffer.ID] = [:]
  /// The layout it was computed in.
  var layout: Layout
  /// The codes that stand for it, in an integer plan: of a quantizer's output, and of the real
  /// value that a dequantizer would make of them.
  var codes: Codes?
  /// Set when the value is another one with zeros around it, which only its reader will add.
  var padding: DeferredPadding?
  /// Set while the value is another one in whose place nothing has moved yet.
  var transposition: DeferredTransposition?
  /// Set when the value is what a softmax makes of scores, which only its reader will compute.
  var scores: DeferredScores?

  init(name: String, elementType: ElementType, shape: Shape, layout: Layout = .rowMajor) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.layout = layout
  }

  var byteCount: Int { elementType.byteCount(elements: shape.elementCount) }

  /// The layout steps that take either should ask for.
  var preferredLayout: Layout { forms.isEmpty ? codes?.value.layout ?? layout : layout }
}

/// Codes of a real value. Inside integer plans all codes are uint8: int8 ones are shifted by +128
/// together with their zero point, which changes nothing but the offset.
final class Codes {
  /// The shifted codes, of element type uint8.
  let value: Value
  let scale: Float
  /// Shifted like the codes.
  let zeroPoint: Int32
  /// Whether the model's own codes are int8.
  let isSigned: Bool
  /// No shifted code is greater, whatever the data. Kernels need less care the smaller it is.
  let maximum: UInt8

  init(
    value: Value, scale: Float, zeroPoint: Int32, isSigned: Bool, maximum: UInt8 = .max
  ) {
    self.value = value
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.isSigned = isSigned
    // Padding adds real zeros.
    self.maximum = max(maximum, UInt8(clamping: zeroPoint))
  }

  /// Other bytes with the same meaning and bounds.
  func moved(to value: Value) -> Codes {
    Codes(
      value: value, scale: scale, zeroPoint: zeroPoint, isSigned: isSigned, maximum: maximum)
  }

  func hasSameParameters(as other: Codes) -> Bool {
    scale == other.scale && zeroPoint == other.zeroPoint
  }
}
