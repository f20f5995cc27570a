internal import Kernels
internal import Tensors

extension Observation {
  /// Hands the value to `transform` as it lies in memory, dequantized first where it is codes.
  func show(
    _ run: RunContext, _ isa: InstructionSet,
    _ transform: (ObservedValue, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws {
    let count = value.shape.elementCount
    let observedCodes = codes.flatMap { codes in
      codeBuffer.map {
        ObservedCodes(
          bytes: UnsafeBufferPointer(start: run.codes($0), count: count), scale: codes.scale,
          zeroPoint: codes.zeroPoint, isSigned: codes.isSigned)
      }
    }
    var writable = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    if let floats {
      writable = UnsafeMutableBufferPointer(start: run.floats(floats), count: count)
    } else if value.elementType == .float32, let codes, let codeBuffer {
      let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      defer { copy.deallocate() }
      if let start = copy.baseAddress {
        Int8Kernels(isa: isa).dequantize(
          run.codes(codeBuffer), start, count: count, scale: codes.scale,
          zeroPoint: codes.zeroPoint, pool: run.pool)
      }
      return try transform(
        observed(UnsafeBufferPointer(copy), observedCodes, run),
        UnsafeMutableBufferPointer(start: nil, count: 0))
    }
    let values = UnsafeBufferPointer(writable)
    if !isWritable { writable = UnsafeMutableBufferPointer(start: nil, count: 0) }
    try transform(observed(values, observedCodes, run), writable)
  }

  private func observed(
    _ floats: UnsafeBufferPointer<Float>, _ codes: ObservedCodes?, _ run: RunContext
  ) -> ObservedValue {
    ObservedValue(
      name: value.name, shape: value.shape, layout: layout, elementType: value.elementType,
      floats: floats, codes: codes,
      bytes: UnsafeRawBufferPointer(
        start: other.map { run.raw($0) },
        count: other == nil ? 0 : value.elementType.byteCount(elements: value.shape.elementCount)))
  }
}
