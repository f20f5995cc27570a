/// Which field of an attribute holds its value; raw values are those of `AttributeProto.type`.
enum AttributeKind: Int32 {
  case float = 1
  case int, string, tensor, graph
  case floats, ints, strings, tensors, graphs
  /// Sparse tensors, type protos and whatever the format gains.
  case other = -1
}

extension ProtoAttribute {
  /// As the attribute says, or, in files of old exporters that do not say, as the fields tell.
  /// `nil` when there is no value at all.
  var kind: AttributeKind? {
    if type != 0 { return AttributeKind(rawValue: type) ?? .other }
    if hasF { return .float }
    if hasI { return .int }
    if hasS { return .string }
    if hasT { return .tensor }
    if hasG { return .graph }
    if !floats.isEmpty { return .floats }
    if !ints.isEmpty { return .ints }
    if !strings.isEmpty { return .strings }
    if !tensors.isEmpty { return .tensors }
    if !graphs.isEmpty { return .graphs }
    return nil
  }

  /// Name, documentation, the name of a tensor and unknown fields.
  var withoutValue: ProtoAttribute {
    var rest = self
    rest.clearF()
    rest.clearI()
    rest.clearS()
    rest.clearG()
    rest.clearType()
    rest.clearRefAttrName()
    rest.floats = []
    rest.ints = []
    rest.strings = []
    rest.graphs = []
    rest.tensors = []
    if hasT {
      let tensor = t.withoutValue
      if tensor == ProtoTensor() { rest.clearT() } else { rest.t = tensor }
    }
    return rest
  }

  var isOnlyName: Bool {
    var bare = ProtoAttribute()
    bare.name = name
    return self == bare
  }
}

extension ProtoTensor {
  /// Name, documentation and unknown fields.
  var withoutValue: ProtoTensor {
    var rest = self
    rest.dims = []
    rest.clearDataType()
    rest.clearRawData()
    rest.clearDataLocation()
    rest.externalData = []
    rest.floatData = []
    rest.doubleData = []
    rest.int32Data = []
    rest.int64Data = []
    rest.uint64Data = []
    rest.stringData = []
    return rest
  }
}
