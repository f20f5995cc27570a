import Foundation
import Kernels
import Testing

/// Recurrent layers against their definition in double precision, and against themselves.
@Suite struct RecurrentTests {
  enum Kind: CaseIterable { case simple, lstm, gru, gruResettingState }

  /// One direction with random weights.
  struct Sample {
    let kind: Kind
    let geometry: RecurrentGeometry
    let weights: [Float]
    var recurrent: [Float]
    let bias: [Float]
    var gates: Int { kind == .simple ? 1 : kind == .lstm ? 4 : 3 }

    init(_ kind: Kind, _ geometry: RecurrentGeometry, seed: UInt64 = 1) {
      self.kind = kind
      self.geometry = geometry
      let gates = kind == .simple ? 1 : kind == .lstm ? 4 : 3
      let rows = gates * geometry.hidden
      weights = testValues(rows * geometry.inputs, seed: seed)
      recurrent = testValues(rows * geometry.hidden, seed: seed + 1)
      bias = testValues(rows, seed: seed + 2)
    }

    /// - clip: so large that it changes nothing, it forces the general passes.
    /// - restsOnCodes: multiplies the state by codes of zeros rather than by `recurrent`.
    func direction(
      isReversed: Bool, clip: Float?, isa: InstructionSet, restsOnCodes: Bool = false
    ) -> RecurrentDirection {
      let hidden = geometry.hidden
      func product(
        _ values: [Float], depth: Int, rows: Range<Int>, bias: [Float]? = nil
      ) -> RecurrentProduct {
        .floats(
          GEMMFloat(
            depth: depth, columns: rows.count,
            weights: Array(values[rows.lowerBound * depth..<rows.upperBound * depth]),
            transposed: true, bias: bias, isa: isa))
      }
      func zeros(columns: Int) -> RecurrentProduct {
        .codes(
          DynamicProductInt8(
            OffsetProductInt8(
              depth: hidden, columns: columns,
              weights: Array(repeating: 0, count: hidden * columns), zeroPoints: [0],
              transposed: true, isa: isa),
            scaling: AccumulatorScaling(
              columns: columns, scales: Array(repeating: 1, count: columns), isa: isa), isa: isa))
      }
      let all = 0..<gates * hidden
      let cell: RecurrentCell
      switch kind {
      case .simple: cell = .simple(SimpleCell(hidden: hidden, clip: clip, isa: isa))
      case .lstm: cell = .lstm(LSTMCell(hidden: hidden, clip: clip, isa: isa))
      case .gru:
        cell = .gru(GRUCell(hidden: hidden, resetsProduct: true, clip: clip, isa: isa))
      case .gruResettingState:
        cell = .gru(GRUCell(hidden: hidden, resetsProduct: false, clip: clip, isa: isa))
      }
      let splits = kind == .gruResettingState
      return RecurrentDirection(
        isReversed: isReversed,
        input: product(weights, depth: geometry.inputs, rows: all, bias: bias),
        recurrent: restsOnCodes
          ? zeros(columns: gates * hidden)
          : product(recurrent, depth: hidden, rows: splits ? 0..<2 * hidden : all),
        candidate: splits
          ? product(recurrent, depth: hidden, rows: 2 * hidden..<3 * hidden) : nil,
        cell: cell)
    }

    /// The state after each step of one sequence, from the definition.
    func states(
      _ sequence: [[Float]], hidden first: [Float], cell firstCell: [Float]
    ) -> [[Double]] {
      var (hidden, cell) = (first.map { Double($0) }, firstCell.map { Double($0) })
      func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
      func product(_ row: Int, _ state: [Double]) -> Double {
        state.indices.reduce(0) { $0 + Double(recurrent[row * state.count + $1]) * state[$1] }
      }
      var result: [[Double]] = []
      for input in sequence {
        let n = hidden.count
        let x = (0..<gates * n).map { row in
          input.indices.reduce(Double(bias[row])) {
            $0 + Double(weights[row * input.count + $1]) * Double(input[$1])
          }
        }
        let r = (0..<gates * n).map { product($0, hidden) }
        switch kind {
        case .simple: hidden = (0..<n).map { tanh(x[$0] + r[$0]) }
        case .lstm:
          let sums: [Double] = zip(x, r).map { $0 + $1 }
          for unit in 0..<n {
            let kept = sigmoid(sums[2 * n + unit]) * cell[unit]
            cell[unit] = kept + sigmoid(sums[unit]) * tanh(sums[3 * n + unit])
            hidden[unit] = sigmoid(sums[n + unit]) * tanh(cell[unit])
          }
        case .gru, .gruResettingState:
          let reset = (0..<n).map { sigmoid(x[n + $0] + r[n + $0]) }
          let held = (0..<n).map { reset[$0] * hidden[$0] }
          let products = (0..<n).map { product(2 * n + $0, held) }
          for unit in 0..<n {
            let z = sigmoid(x[unit] + r[unit])
            let back = kind == .gru ? reset[unit] * r[2 * n + unit] : products[unit]
            hidden[unit] = (1 - z) * tanh(x[2 * n + unit] + back) + z * hidden[unit]
          }
        }
        result.append(hidden)
      }
      return result
    }
  }

  struct Result { var output, lastHidden, lastCell: [Float] }

  static func run(
    _ geometry: RecurrentGeometry, _ directions: [RecurrentDirection], input: [Float],
    hidden: [Float], cell: [Float], lengths: [Int32]? = nil, threads: Int = 1
  ) -> Result {
    let layer = RecurrentLayer(geometry: geometry, directions: directions, threads: threads)
    let states = geometry.directions * geometry.batch * geometry.hidden
    let source = GuardedBuffer(input)
    let (first, firstCell) = (GuardedBuffer(hidden), GuardedBuffer(cell))
    let output = GuardedBuffer<Float>(count: geometry.steps * states, repeating: .nan)
    let last = [0, 1].map { _ in GuardedBuffer<Float>(count: states, repeating: .nan) }
    let steps = lengths.map { GuardedBuffer($0) }
    let scratch = GuardedBuffer<UInt8>(
      count: layer.scratchByteCount, flushWith: .start, repeating: 255)
    layer.run(
      RecurrentLayer.Operands(
        input: source.base, firstHidden: first.base, firstCell: firstCell.base,
        lengths: steps.map { UnsafePointer($0.base) }, output: output.base,
        lastHidden: last[0].base, lastCell: last[1].base),
      scratch: scratch.base, pool: ThreadPool(threads: threads))
    return withExtendedLifetime((source, first, firstCell, steps, scratch)) {
      Result(output: output.array, lastHidden: last[0].array, lastCell: last[1].array)
    }
  }

  static func geometry(
    steps: Int = 5, batch: Int = 1, inputs: Int = 6, hidden: Int, directions: Int = 1,
    isBatchFirst: Bool = false
  ) -> RecurrentGeometry {
    RecurrentGeometry(
      steps: steps, batch: batch, inputs: inputs, hidden: hidden, directions: directions,
      isBatchFirst: isBatchFirst)
  }

  @Test(arguments: Kind.allCases, [1, 7, 8, 9, 16, 17, 40])
  func statesFollowTheDefinition(kind: Kind, hidden: Int) {
    let geometry = Self.geometry(hidden: hidden)
    let sample = Sample(kind, geometry)
    let input = testValues(geometry.rows * geometry.inputs, seed: 9)
    let (first, cell) = (testValues(hidden, seed: 10), testValues(hidden, seed: 11))
    let sequence = (0..<geometry.steps).map { step in
      Array(input[step * geometry.inputs..<(step + 1) * geometry.inputs])
    }
    for isReversed in [false, true] {
      let inOrder = isReversed ? sequence.reversed() : sequence
      var expected = sample.states(inOrder, hidden: first, cell: cell)
      if isReversed { expected.reverse() }
      let flat = expected.flatMap { $0.map { Float($0) } }
      for isa in InstructionSet.available {
        for clip: Float? in [nil, 1e30] {
          let found = Self.run(
            geometry, [sample.direction(isReversed: isReversed, clip: clip, isa: isa)],
            input: input, hidden: first, cell: cell)
          #expect(agree(found.output, flat, tolerance: 1e-5), "\(isa), clip: \(clip ?? 0)")
          let end = isReversed ? 0 : (geometry.steps - 1) * hidden
          #expect(found.lastHidden == Array(found.output[end..<end + hidden]))
        }
      }
    }
  }

  @Test(arguments: [Kind.lstm, .gru], [1, 8, 9, 16, 17, 40])
  func gatesBesideCodesFollowTheDefinition(kind: Kind, hidden: Int) {
    let geometry = Self.geometry(hidden: hidden)
    var sample = Sample(kind, geometry)
    sample.recurrent = sample.recurrent.map { _ in 0 }
    // Sums up to where the gates are shut or open.
    let input = testValues(geometry.rows * geometry.inputs, seed: 9).map { $0 * 6 }
    let (first, cell) = (testValues(hidden, seed: 10), testValues(hidden, seed: 11))
    let sequence = (0..<geometry.steps).map { step in
      Array(input[step * geometry.inputs..<(step + 1) * geometry.inputs])
    }
    let expected = sample.states(sequence, hidden: first, cell: cell)
    for isa in InstructionSet.available {
      let direction = sample.direction(
        isReversed: false, clip: nil, isa: isa, restsOnCodes: true)
      let found = Self.run(geometry, [direction], input: input, hidden: first, cell: cell)
      #expect(
        agree(found.output, expected.flatMap { $0.map { Float($0) } }, tolerance: 3e-6), "\(isa)")
    }
  }

  @Test(arguments: Kind.allCases)
  func sequencesOfSeveralLengthsAreThoseSequencesAlone(kind: Kind) {
    let (hidden, lengths) = (9, [Int32(5), 0, 2])
    let geometry = Self.geometry(batch: 3, hidden: hidden, directions: 2)
    let sample = Sample(kind, geometry)
    let directions = [false, true].map {
      sample.direction(isReversed: $0, clip: nil, isa: .best)
    }
    let input = testValues(geometry.rows * geometry.inputs, seed: 9)
    let states = (0..<2).map { testValues(2 * 3 * hidden, seed: 10 + $0) }
    let together = Self.run(
      geometry, directions, input: input, hidden: states[0], cell: states[1], lengths: lengths,
      threads: 2)
    for (sequence, length) in lengths.enumerated() {
      let alone = Self.geometry(steps: Int(length), hidden: hidden, directions: 2)
      func rows(_ values: [Float], width: Int, count: Int) -> [Float] {
        var result: [Float] = []
        for index in 0..<count {
          let first = (index * 3 + sequence) * width
          result += values[first..<first + width]
        }
        return result
      }
      let found = Self.run(
        alone, directions, input: rows(input, width: geometry.inputs, count: Int(length)),
        hidden: rows(states[0], width: hidden, count: 2),
        cell: rows(states[1], width: hidden, count: 2))
      let output = rows(together.output, width: hidden, count: 2 * geometry.steps)
      #expect(agree(Array(output[..<found.output.count]), found.output, tolerance: 1e-6))
      #expect(output[found.output.count...].allSatisfy { $0 == 0 }, "steps behind the end are zero")
      let last = rows(together.lastHidden, width: hidden, count: 2)
      #expect(agree(last, found.lastHidden, tolerance: 1e-6))
    }
  }

  @Test(arguments: Kind.allCases)
  func batchFirstIsTheSameTransposed(kind: Kind) {
    let (steps, batch, hidden) = (4, 3, 7)
    let plain = Self.geometry(steps: steps, batch: batch, hidden: hidden, directions: 2)
    var turned = plain
    turned.isBatchFirst = true
    let sample = Sample(kind, plain)
    let directions = [false, true].map {
      sample.direction(isReversed: $0, clip: nil, isa: .best)
    }
    /// `[a, b, width]` to `[b, a, width]`.
    func swapped(_ values: [Float], _ a: Int, _ b: Int) -> [Float] {
      let width = values.count / (a * b)
      var result: [Float] = []
      for j in 0..<b {
        for i in 0..<a {
          let first = (i * b + j) * width
          result += values[first..<first + width]
        }
      }
      return result
    }
    let input = testValues(plain.rows * plain.inputs, seed: 9)
    let states = (0..<2).map { testValues(2 * batch * hidden, seed: 10 + $0) }
    let expected = Self.run(
      plain, directions, input: input, hidden: states[0], cell: states[1])
    let found = Self.run(
      turned, directions, input: swapped(input, steps, batch), hidden: swapped(states[0], 2, batch),
      cell: swapped(states[1], 2, batch), threads: 2)
    #expect(agree(found.output, swapped(expected.output, steps * 2, batch), tolerance: 1e-6))
    #expect(agree(found.lastHidden, swapped(expected.lastHidden, 2, batch), tolerance: 1e-6))
    #expect(agree(found.lastCell, swapped(expected.lastCell, 2, batch), tolerance: 1e-6))
  }
}
