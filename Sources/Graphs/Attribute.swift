package import Tensors

/// A constant argument of a node, as the ONNX file has it.
package indirect enum Attribute: Sendable, Equatable {
  case int(Int64)
  case float(Float)
  /// UTF-8 by convention, but any bytes are kept.
  case string([UInt8])
  case tensor(Tensor)
  case graph(Graph)
  case ints([Int64])
  case floats([Float])
  case strings([[UInt8]])
  case tensors([Tensor])
  case graphs([Graph])
  /// A reference to an attribute of the enclosing function.
  case reference(name: String, type: Int32)
  /// A kind this version does not interpret (sparse tensors, type protos): the encoded
  /// `AttributeProto`, written back as it was.
  case opaque([UInt8])
}
