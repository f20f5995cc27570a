internal import Graphs
internal import SwiftProtobuf
internal import Tensors

extension ValueDeclaration {
  init(_ proto: ProtoValueInfo) {
    let type = proto.type.hasTensorType ? proto.type.tensorType : nil
    self.init(
      name: proto.name, elementType: type.flatMap { ElementType(rawValue: $0.elemType) },
      dimensions: type.flatMap { $0.hasShape ? $0.shape.dim.map(Dimension.init) : nil },
      form: proto.type.hasSequenceType
        ? .sequence : proto.type.hasOptionalType ? .optional : .tensor,
      encoded: proto.encoded)
  }

  /// The declaration in the file's words where it still says the same, rewritten where not.
  var proto: ProtoValueInfo {
    var proto = (try? ProtoValueInfo(serializedBytes: encoded)) ?? ProtoValueInfo()
    let before = ValueDeclaration(proto)
    if before.name != name { proto.name = name }
    if before.elementType != elementType || before.dimensions != dimensions {
      if let elementType { proto.type.tensorType.elemType = elementType.rawValue }
      if let dimensions {
        proto.type.tensorType.shape.dim = dimensions.map(\.proto)
      } else {
        proto.type.tensorType.clearShape()
      }
    }
    return proto
  }
}

extension Dimension {
  fileprivate init(_ proto: ProtoDimension) {
    switch proto.value {
    case .dimValue(let extent)? where extent >= 0: self = .fixed(Int(extent))
    case .dimParam(let name)? where !name.isEmpty: self = .symbolic(name)
    default: self = .unknown
    }
  }

  fileprivate var proto: ProtoDimension {
    var proto = ProtoDimension()
    switch self {
    case .fixed(let extent): proto.dimValue = Int64(extent)
    case .symbolic(let name): proto.dimParam = name
    case .unknown: break
    }
    return proto
  }
}
