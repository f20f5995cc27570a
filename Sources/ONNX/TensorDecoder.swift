internal import Foundation
internal import Graphs
internal import SwiftProtobuf
internal import Tensors

/// Turns `TensorProto` messages into tensors, wherever they keep their elements.
struct TensorDecoder {
  private var external: ExternalData

  init(folder: String?) { external = ExternalData(folder: folder) }

  mutating func initializer(_ proto: ProtoTensor) throws(ImportError) -> Initializer {
    let (tensor, location) = try tensor(proto)
    var rest = proto.withoutValue
    rest.clearName()
    if !rest.docString.isEmpty { rest.clearDocString() }
    return Initializer(
      tensor, documentation: proto.docString, externalLocation: location,
      unknownFields: rest.encoded)
  }

  /// The tensor and, when its bytes are outside, the path of their file.
  mutating func tensor(
    _ proto: ProtoTensor
  ) throws(ImportError) -> (tensor: Tensor, location: String?) {
    let name = proto.name
    guard let type = ElementType(rawValue: proto.dataType) else {
      throw .invalidTensor(name: name, reason: "has the unknown element type \(proto.dataType)")
    }
    guard !proto.hasSegment else {
      throw .invalidTensor(name: name, reason: "is one segment of a tensor")
    }
    let shape = Shape(proto.dims.map { Int($0) })
    // 2^56 elements of at most 16 bytes cannot overflow, and exceed any memory.
    guard let count = shape.checkedElementCount, count < 1 << 56 else {
      throw .invalidTensor(
        name: name,
        reason: "has the impossible shape \(proto.dims.map(String.init).joined(separator: "×"))")
    }
    if proto.dataLocation == 1 {
      let (tensor, location) = try external.tensor(proto, type: type, shape: shape)
      return (tensor, location)
    }
    if type == .string {
      try check(proto.stringData.count, of: count, "strings", name)
      return (Tensor(strings: proto.stringData.map { Array($0) }, shape: shape), nil)
    }
    if proto.hasRawData {
      let needed = type.byteCount(elements: count)
      try check(proto.rawData.count, of: needed, "bytes", name)
      var tensor = Tensor(
        type, shape: shape, storage: TensorStorage(uninitializedByteCount: needed))
      tensor.withUnsafeMutableBytes { bytes in _ = proto.rawData.copyBytes(to: bytes) }
      if type == .bool { tensor.normaliseBooleans() }
      return (tensor, nil)
    }
    return (try typed(proto, type: type, shape: shape, count: count), nil)
  }

  /// Elements from the field that the format gives `type`. int32 entries hold narrower elements,
  /// and of those below a byte as many as a byte has.
  private func typed(
    _ proto: ProtoTensor, type: ElementType, shape: Shape, count: Int
  ) throws(ImportError) -> Tensor {
    let name = proto.name
    switch type {
    case .float32: return try tensor(proto.floatData, count, type, shape, name) { $0 }
    case .complex64: return try tensor(proto.floatData, 2 * count, type, shape, name) { $0 }
    case .float64: return try tensor(proto.doubleData, count, type, shape, name) { $0 }
    case .complex128: return try tensor(proto.doubleData, 2 * count, type, shape, name) { $0 }
    case .int64: return try tensor(proto.int64Data, count, type, shape, name) { $0 }
    case .uint64: return try tensor(proto.uint64Data, count, type, shape, name) { $0 }
    case .uint32:
      return try tensor(proto.uint64Data, count, type, shape, name) {
        UInt32(truncatingIfNeeded: $0)
      }
    case .int32: return try tensor(proto.int32Data, count, type, shape, name) { $0 }
    case .int16, .uint16, .float16, .bfloat16:
      return try tensor(proto.int32Data, count, type, shape, name) {
        UInt16(truncatingIfNeeded: $0)
      }
    case .bool:
      return try tensor(proto.int32Data, count, type, shape, name) { UInt8($0 == 0 ? 0 : 1) }
    case .int8, .uint8, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0:
      return try tensor(proto.int32Data, count, type, shape, name) {
        UInt8(truncatingIfNeeded: $0)
      }
    case .uint4, .int4, .float4e2m1, .uint2, .int2:
      let bytes = type.byteCount(elements: count)
      return try tensor(proto.int32Data, bytes, type, shape, name) {
        UInt8(truncatingIfNeeded: $0)
      }
    case .string: preconditionFailure("strings are read before")
    }
  }

  private func tensor<Stored, Element: BitwiseCopyable>(
    _ stored: [Stored], _ count: Int, _ type: ElementType, _ shape: Shape, _ name: String,
    _ convert: (Stored) -> Element
  ) throws(ImportError) -> Tensor {
    try check(stored.count, of: count, "entries", name)
    var tensor = Tensor(type, shape: shape)
    tensor.withUnsafeMutableBytes { bytes in
      let elements = bytes.bindMemory(to: Element.self)
      for (index, value) in stored.enumerated() { elements[index] = convert(value) }
    }
    return tensor
  }

  private func check(
    _ found: Int, of needed: Int, _ unit: String, _ name: String
  ) throws(ImportError) {
    guard found == needed else {
      throw .invalidTensor(name: name, reason: "needs \(needed) \(unit) and has \(found)")
    }
  }
}

extension Tensor {
  /// Makes every true byte 1, the only one a Swift `Bool` may have.
  mutating func normaliseBooleans() {
    withUnsafeMutableBytes { bytes in
      for index in bytes.indices where bytes[index] > 1 { bytes[index] = 1 }
    }
  }
}
