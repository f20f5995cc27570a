internal import CKernels

/// An operation of two float tensors, element by element.
package enum FloatBinary: Hashable, Sendable, CaseIterable {
  case add
  case subtract
  case multiply
  case divide
  /// NaN where either is.
  case minimum
  /// NaN where either is.
  case maximum
  case power

  private var kernelCode: kern_f32_binary {
    switch self {
    case .add: KERN_F32_ADD
    case .subtract: KERN_F32_SUBTRACT
    case .multiply: KERN_F32_MULTIPLY
    case .divide: KERN_F32_DIVIDE
    case .minimum: KERN_F32_MINIMUM
    case .maximum: KERN_F32_MAXIMUM
    case .power: KERN_F32_POWER
    }
  }

  /// Values that are worth a thread.
  private static let grain = 16_384
  /// Values that stay in the first-level cache until the activation comes.
  private static let span = 2_048

  /// `output = activation(left op right)`; `output` may be the side that is not repeated.
  package func apply(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>, pattern: BroadcastPattern,
    activation: FloatActivation = .none, isa: InstructionSet, pool: ThreadPool
  ) {
    let run = BinaryRun(
      kernel: isa.floatKernels.binary, code: kernelCode, activation: activation, isa: isa,
      output: output)
    switch pattern {
    case .same(let count):
      pool.parallel(count, grain: Self.grain) { range in
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.span) {
          let count = min(Self.span, range.upperBound - start)
          run.apply(left + start, step: 1, right + start, step: 1, output: start, count: count)
        }
      }
    case .right(let outer, let middle, let inner):
      Self.rows(right, outer, middle, inner, pool: pool) { large, small, step, count in
        run.apply(left + large, step: 1, small, step: step, output: large, count: count)
      }
    case .left(let outer, let middle, let inner):
      Self.rows(left, outer, middle, inner, pool: pool) { large, small, step, count in
        run.apply(small, step: step, right + large, step: 1, output: large, count: count)
      }
    case .repeated(let blocks, let pattern):
      let (block, repeatsLeft) = pattern.block
      for index in 0..<blocks {
        let start = index * block
        apply(
          left + (repeatsLeft ? 0 : start), right + (repeatsLeft ? start : 0),
          into: output + start, pattern: pattern, activation: activation, isa: isa, pool: pool)
      }
    case .crossed(let rows, let columns, let leftIsRows):
      pool.parallel(rows, grain: max(1, Self.grain / max(columns, 1))) { range in
        for row in range {
          run.apply(
            left + (leftIsRows ? row : 0), step: leftIsRows ? 0 : 1,
            right + (leftIsRows ? 0 : row), step: leftIsRows ? 1 : 0, output: row * columns,
            count: columns)
        }
      }
    }
  }

  /// Calls `body` with spans of the large side that meet a span of the small side, or one value of
  /// it where `step` is 0.
  private static func rows(
    _ small: UnsafePointer<Float>, _ outer: Int, _ middle: Int, _ inner: Int, pool: ThreadPool,
    _ body: (_ large: Int, _ small: UnsafePointer<Float>, _ step: Int, _ count: Int) -> Void
  ) {
    if inner == 1 {
      let pieces = (middle + span - 1) / span
      pool.parallel(outer * pieces, grain: max(1, grain / max(1, min(middle, span)))) { range in
        for index in range {
          let row = index / pieces
          let start = index % pieces * span
          body(row * middle + start, small + row, 0, min(span, middle - start))
        }
      }
    } else if inner > longRow / 2 || middle == 1 {
      pool.parallel(outer * middle, grain: max(1, grain / max(inner, 1))) { range in
        for row in range { body(row * inner, small + row / middle * inner, 1, inner) }
      }
    } else {
      shortRows(small, outer, middle, inner, pool: pool) { large, small, count in
        body(large, small, 1, count)
      }
    }
  }

  /// Values of a row that is worth a call of a kernel.
  private static let longRow = 256

  /// Short rows go several at a time, against as many copies of the small one.
  private static func shortRows(
    _ small: UnsafePointer<Float>, _ outer: Int, _ middle: Int, _ inner: Int, pool: ThreadPool,
    _ body: (_ large: Int, _ small: UnsafePointer<Float>, _ count: Int) -> Void
  ) {
    let together = max(1, min(middle, longRow / max(inner, 1)))
    pool.parallel(outer * middle, grain: max(1, grain / max(inner, 1))) { range in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: together * inner) { copies in
        guard let copies = copies.baseAddress else { return }
        var row = range.lowerBound
        while row < range.upperBound {
          let end = min(range.upperBound, (row / middle + 1) * middle)
          for copy in 0..<min(together, end - row) {
            (copies + copy * inner).update(from: small + row / middle * inner, count: inner)
          }
          while row < end {
            let rows = min(together, end - row)
            body(row * inner, UnsafePointer(copies), rows * inner)
            row += rows
          }
        }
      }
    }
  }
}

extension BroadcastPattern {
  /// How many results there are, and whether the left side is the repeated one.
  fileprivate var block: (count: Int, repeatsLeft: Bool) {
    switch self {
    case .same(let count): (count, false)
    case .right(let outer, let middle, let inner): (outer * middle * inner, false)
    case .left(let outer, let middle, let inner): (outer * middle * inner, true)
    case .repeated(let blocks, let pattern):
      (blocks * pattern.block.count, pattern.block.repeatsLeft)
    case .crossed(let rows, let columns, _): (rows * columns, false)
    }
  }
}

/// One operation on its way over spans.
private struct BinaryRun {
  var kernel:
    @convention(c) (
      kern_f32_binary, UnsafePointer<Float>, Int, UnsafePointer<Float>, Int,
      UnsafeMutablePointer<Float>, Int
    ) -> Void
  var code: kern_f32_binary
  var activation: FloatActivation
  var isa: InstructionSet
  var output: UnsafeMutablePointer<Float>

  func apply(
    _ left: UnsafePointer<Float>, step leftStep: Int, _ right: UnsafePointer<Float>,
    step rightStep: Int, output index: Int, count: Int
  ) {
    let start = output + index
    kernel(code, left, leftStep, right, rightStep, start, count)
    if activation != .none { activation.apply(start, into: start, count: count, isa: isa) }
  }
}
