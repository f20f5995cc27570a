internal import CKernels

/// The constants of an addition or multiplication of codes.
///
/// Addition: `rint(f32(f32((a - za) * ma) + f32((b - zb) * mb))) + zo`, with `ma = sa / so` and
/// `mb = sb / so`. Multiplication: `rint(f32(f32((a - za) * (b - zb)) * ma)) + zo`, with
/// `ma = sa * sb / so`. Both are clamped to `low...high`; halves go to even.
package struct BinaryInt8: Hashable, Sendable {
  package var leftZeroPoint: UInt8
  package var rightZeroPoint: UInt8
  package var leftMultiplier: Float
  package var rightMultiplier: Float
  package var outputZeroPoint: Int32
  package var low: UInt8
  package var high: UInt8

  package init(
    leftZeroPoint: UInt8, rightZeroPoint: UInt8, leftMultiplier: Float,
    rightMultiplier: Float = 1, outputZeroPoint: Int32, low: UInt8 = 0, high: UInt8 = 255
  ) {
    precondition(low <= high, "no code lies in \(low)...\(high)")
    precondition(
      abs(Int64(outputZeroPoint)) <= 1 << 20, "zero point \(outputZeroPoint) is out of range")
    self.leftZeroPoint = leftZeroPoint
    self.rightZeroPoint = rightZeroPoint
    self.leftMultiplier = leftMultiplier
    self.rightMultiplier = rightMultiplier
    self.outputZeroPoint = outputZeroPoint
    self.low = low
    self.high = high
  }

  fileprivate var kernelValue: kern_binary_u8 {
    kern_binary_u8(
      left_zero: Int32(leftZeroPoint), right_zero: Int32(rightZeroPoint),
      left_multiplier: leftMultiplier, right_multiplier: rightMultiplier,
      low: Float(Int32(low) - outputZeroPoint), high: Float(Int32(high) - outputZeroPoint),
      zero_point: outputZeroPoint)
  }
}

/// How the right operand lies against a left operand `[outer, middle, inner]`.
package enum BroadcastInt8: Hashable, Sendable {
  /// As many elements as the left operand.
  case same
  /// One element.
  case scalar
  /// `[inner]`, for every pixel.
  case innermost(Int)
  /// `[outer, 1, inner]`, as in squeeze-and-excite.
  case perImage(middle: Int, inner: Int)
}

extension Int8Kernels {
  private typealias Kernel =
    @convention(c) (
      UnsafePointer<kern_binary_u8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>,
      UnsafeMutablePointer<UInt8>, Int
    ) -> Void

  /// - `output`: `count` codes; may be `a`, and `b` when the shapes are the same.
  /// - `count`: elements of the left operand.
  package func add(
    _ constants: BinaryInt8, _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>,
    _ broadcast: BroadcastInt8 = .same, _ output: UnsafeMutablePointer<UInt8>, count: Int,
    pool: ThreadPool
  ) {
    run(table.add_u8, constants, a, b, broadcast, output, count: count, pool: pool)
  }

  /// As `add`; the right multiplier is not used.
  package func multiply(
    _ constants: BinaryInt8, _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>,
    _ broadcast: BroadcastInt8 = .same, _ output: UnsafeMutablePointer<UInt8>, count: Int,
    pool: ThreadPool
  ) {
    run(table.mul_u8, constants, a, b, broadcast, output, count: count, pool: pool)
  }

  private func run(
    _ kernel: Kernel, _ constants: BinaryInt8, _ a: UnsafePointer<UInt8>,
    _ b: UnsafePointer<UInt8>, _ broadcast: BroadcastInt8, _ output: UnsafeMutablePointer<UInt8>,
    count: Int, pool: ThreadPool
  ) {
    var value = constants.kernelValue
    withUnsafePointer(to: &value) { constants in
      switch broadcast {
      case .same:
        pool.parallel(count, grain: Self.grain) { range in
          let first = range.lowerBound
          kernel(constants, a + first, b + first, output + first, range.count)
        }
      case .scalar:
        runScalar(kernel, constants, a, b, output, count: count, pool: pool)
      case .innermost(let inner):
        runRows(
          kernel, constants, a, b, output, count: count, middle: count, inner: inner, pool: pool)
      case .perImage(let middle, let inner):
        runRows(
          kernel, constants, a, b, output, count: count, middle: middle, inner: inner, pool: pool)
      }
    }
  }

  /// Every `middle` rows of `inner` elements take the next row of the right operand.
  private func runRows(
    _ kernel: Kernel, _ constants: UnsafePointer<kern_binary_u8>, _ a: UnsafePointer<UInt8>,
    _ b: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, count: Int, middle: Int,
    inner: Int, pool: ThreadPool
  ) {
    precondition(inner > 0 && count % inner == 0, "rows of \(inner) in \(count) elements")
    // Short rows go several at a time, against as many copies of the right one.
    let together = max(1, min(middle, Self.longRow / inner))
    pool.parallel(count / inner, grain: max(1, Self.grain / inner)) { range in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: together * inner) { copies in
        guard let copies = copies.baseAddress else { return }
        var row = range.lowerBound
        while row < range.upperBound {
          let number = row / max(middle, 1)
          let end = min(range.upperBound, (number + 1) * max(middle, 1))
          var right = b + number * inner
          if together > 1 {
            for copy in 0..<min(together, end - row) {
              (copies + copy * inner).update(from: right, count: inner)
            }
            right = UnsafePointer(copies)
          }
          while row < end {
            let rows = min(together, end - row)
            kernel(constants, a + row * inner, right, output + row * inner, rows * inner)
            row += rows
          }
        }
      }
    }
  }

  /// Elements of a row that is worth a call of a kernel.
  private static let longRow = 512

  /// With one right operand the result depends on one code: all 256 are worked out, then looked up.
  private func runScalar(
    _ kernel: Kernel, _ constants: UnsafePointer<kern_binary_u8>, _ a: UnsafePointer<UInt8>,
    _ b: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, count: Int, pool: ThreadPool
  ) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 512) { codes in
      guard let left = codes.baseAddress, count > 0 else { return }
      let right = left + 256
      for code in 0..<256 { left[code] = UInt8(code) }
      right.update(repeating: b[0], count: 256)
      kernel(constants, left, right, left, 256)
      lookUp(left, a, output, count: count, pool: pool)
    }
  }
}
