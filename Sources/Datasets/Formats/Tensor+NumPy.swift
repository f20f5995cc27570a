import Tensors

extension Tensor {
  /// Reverses the bytes of every element; each half of a complex number is a number of its own.
  mutating func swapBytes() {
    let isComplex = elementType == .complex64 || elementType == .complex128
    let width = elementType.bitWidth / (isComplex ? 16 : 8)
    guard width > 1 else { return }
    withUnsafeMutableBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: width) {
        bytes[start..<start + width].reverse()
      }
    }
  }

  /// The row-major tensor of the same shape, where the bytes lie in column-major order.
  func transposedFromColumnMajor() -> Tensor {
    guard shape.rank > 1 else { return self }
    let reversed = Tensor(
      elementType, shape: Shape(shape.dimensions.reversed()), storage: storage,
      byteOffset: byteOffset)
    return reversed.transposed(Array((0..<shape.rank).reversed()))
  }

  /// The elements reordered so that axis `i` of the result is axis `axes[i]` of this tensor.
  /// - Precondition: `axes` is a permutation, and elements are whole bytes.
  func transposed(_ axes: [Int]) -> Tensor {
    precondition(axes.sorted() == Array(0..<shape.rank), "axes \(axes) for \(shape)")
    let from = shape.strides
    let result = Shape(axes.map { shape[$0] })
    let steps = axes.map { from[$0] }
    return switch elementType.bitWidth {
    case 8: gathered(UInt8.self, result, steps)
    case 16: gathered(UInt16.self, result, steps)
    case 32: gathered(UInt32.self, result, steps)
    case 64: gathered(UInt64.self, result, steps)
    default: gathered(SIMD2<UInt64>.self, result, steps)
    }
  }

  /// Copies elements whose places in this tensor are `steps` apart along each axis of `result`.
  private func gathered<Unit: BitwiseCopyable>(
    _ type: Unit.Type, _ result: Shape, _ steps: [Int]
  ) -> Tensor {
    var copy = Tensor(elementType, shape: result)
    guard let innerCount = result.dimensions.last, let innerStep = steps.last,
      result.elementCount > 0
    else { return self }
    withUnsafeBytes { source in
      copy.withUnsafeMutableBytes { target in
        let source = source.bindMemory(to: Unit.self)
        let target = target.bindMemory(to: Unit.self)
        var counter = [Int](repeating: 0, count: result.rank)
        var start = 0
        for line in stride(from: 0, to: target.count, by: innerCount) {
          for inner in 0..<innerCount { target[line + inner] = source[start + inner * innerStep] }
          var axis = result.rank - 2
          while axis >= 0 {
            counter[axis] += 1
            start += steps[axis]
            if counter[axis] < result[axis] { break }
            start -= steps[axis] * result[axis]
            counter[axis] = 0
            axis -= 1
          }
        }
      }
    }
    return copy
  }

  /// The leading rows, as many as `wanted` has.
  func firstRows(_ wanted: Shape) -> Tensor {
    guard wanted != shape else { return self }
    if let strings {
      return Tensor(strings: Array(strings.prefix(wanted.elementCount)), shape: wanted)
    }
    return Tensor(elementType, shape: wanted, storage: storage, byteOffset: byteOffset)
  }

  /// The same values in a type that NumPy has, where that loses nothing; else the tensor itself.
  func widenedForNumPy() -> Tensor {
    switch elementType {
    case .bfloat16:
      return Tensor(withUnsafeElements(of: BFloat16.self) { $0.map(\.float) }, shape: shape)
    case .uint4, .uint2:
      return Tensor((codes ?? []).map { UInt8($0) }, shape: shape)
    case .int4, .int2:
      return Tensor((codes ?? []).map { Int8($0) }, shape: shape)
    case .float8e8m0:
      return Tensor(narrowCodes.map { PowerOfTwoFloat.value(of: $0) }, shape: shape)
    default:
      guard let format = NarrowFloat(elementType) else { return self }
      return Tensor(narrowCodes.map { format.value(of: $0) }, shape: shape)
    }
  }

  /// Elements of 4 or 8 bits as they are stored, one to a byte.
  private var narrowCodes: [UInt8] {
    let bits = elementType.bitWidth
    return withUnsafeBytes { bytes in
      guard bits < 8 else { return Array(bytes) }
      return (0..<elementCount).map {
        UInt8(PackedCode.read(bytes, $0, bits: bits, isSigned: false))
      }
    }
  }
}
