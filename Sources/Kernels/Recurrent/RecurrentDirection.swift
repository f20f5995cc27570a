/// One direction of a recurrent layer: its packed weights and its cell.
package struct RecurrentDirection: Sendable {
  let isReversed: Bool
  let input: RecurrentProduct
  let recurrent: RecurrentProduct
  /// The product with the reset state, where a GRU resets before it.
  let candidate: RecurrentProduct?
  let cell: RecurrentCell
  /// The sums over a state of zeros, with which most sequences begin.
  private let restingSums: PackedFloats
  private static let inline = ThreadPool(threads: 1)

  /// Products that are not worth waking a thread for.
  private static let smallWork = 1 << 17

  /// - `input`: gives the sums of all gates.
  /// - `recurrent`: gives the sums of all gates, or, of a GRU that resets before its product, of
  ///   the first two; `candidate` then gives the third.
  package init(
    isReversed: Bool, input: RecurrentProduct, recurrent: RecurrentProduct,
    candidate: RecurrentProduct? = nil, cell: RecurrentCell
  ) {
    self.isReversed = isReversed
    self.input = input
    self.recurrent = recurrent
    self.candidate = candidate
    self.cell = cell
    restingSums = recurrent.sumsAtZero()
  }

  var products: [RecurrentProduct] { [input, recurrent] + (candidate.map { [$0] } ?? []) }

  var weightCount: Int { products.reduce(0) { $0 + $1.depth * $1.columns } }

  func scratchByteCount(_ geometry: RecurrentGeometry, threads: Int) -> Int {
    var products = input.scratchByteCount(rows: geometry.rows, threads: threads)
    for product in [recurrent, candidate].compactMap({ $0 }) {
      products = max(products, product.scratchByteCount(rows: geometry.batch, threads: threads))
    }
    return RecurrentWorkspace.byteCount(geometry, gates: cell.gates) + roundedUp(products, to: 64)
  }

  /// The sums over the input, for all steps.
  func multiplyInput(
    _ operands: RecurrentLayer.Operands, _ geometry: RecurrentGeometry,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let space = RecurrentWorkspace(geometry, gates: cell.gates, at: scratch)
    // Steps behind the end of all sequences count for nothing, nor do they widen a range of codes.
    let rows =
      geometry.isBatchFirst
      ? geometry.rows : Self.longest(operands, geometry) * geometry.batch
    input.run(operands.input, into: space.sums, rows: rows, scratch: space.product, pool: pool)
  }

  /// Steps of the longest sequence.
  private static func longest(
    _ operands: RecurrentLayer.Operands, _ geometry: RecurrentGeometry
  ) -> Int {
    guard let lengths = operands.lengths else { return geometry.steps }
    var longest = 0
    for sequence in 0..<geometry.batch { longest = max(longest, Int(lengths[sequence])) }
    return longest
  }

  /// All steps, after `multiplyInput`.
  func run(
    _ operands: RecurrentLayer.Operands, _ geometry: RecurrentGeometry, direction: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let space = RecurrentWorkspace(geometry, gates: cell.gates, at: scratch)
    let hidden = geometry.hidden
    let work = geometry.batch * recurrent.depth * recurrent.columns
    let pool = work < Self.smallWork ? Self.inline : pool
    load(operands.firstHidden, into: space.hidden, geometry, direction)
    load(operands.firstCell, into: space.cell, geometry, direction)
    for number in 0..<Self.longest(operands, geometry) {
      let step = RecurrentStep(
        geometry: geometry, space: space, number: number, isReversed: isReversed,
        lengths: operands.lengths, gates: cell.gates, recurrentColumns: recurrent.columns,
        isOfCodes: recurrent.isInteger)
      if number == 0, isZero(space.hidden, count: geometry.batch * hidden) {
        for sequence in 0..<geometry.batch {
          (space.recurrent + sequence * recurrent.columns)
            .update(from: restingSums.base, count: recurrent.columns)
        }
      } else {
        recurrent.run(
          space.hidden, into: space.recurrent, rows: geometry.batch, scratch: space.product,
          pool: pool)
      }
      update(step, pool: pool)
      guard let output = operands.output else { continue }
      for sequence in 0..<geometry.batch {
        guard let time = step.time(of: sequence) else { continue }
        let place = geometry.outputOffset(step: time, sequence: sequence, direction: direction)
        (output + place).update(from: space.hidden + sequence * hidden, count: hidden)
      }
    }
    clearTails(operands, geometry, direction)
    store(space.hidden, into: operands.lastHidden, geometry, direction)
    store(space.cell, into: operands.lastCell, geometry, direction)
  }

  private func isZero(_ states: UnsafePointer<Float>, count: Int) -> Bool {
    // Without an early end, so that it is a vector at a time; the shift drops the sign.
    var bits: UInt32 = 0
    for index in 0..<count { bits |= states[index].bitPattern << 1 }
    return bits == 0
  }

  private func update(_ step: RecurrentStep, pool: ThreadPool) {
    switch cell {
    case .simple(let cell): cell.update(step)
    case .lstm(let cell): cell.update(step)
    case .gru(let cell):
      guard let candidate else { return cell.update(step) }
      cell.reset(step)
      candidate.run(
        step.space.reset, into: step.space.candidate, rows: step.geometry.batch,
        scratch: step.space.product, pool: pool)
      cell.finish(step)
    }
  }

  /// Zeros in the output behind the end of each sequence.
  private func clearTails(
    _ operands: RecurrentLayer.Operands, _ geometry: RecurrentGeometry, _ direction: Int
  ) {
    guard let output = operands.output, let lengths = operands.lengths else { return }
    for sequence in 0..<geometry.batch {
      for step in Int(lengths[sequence])..<max(geometry.steps, Int(lengths[sequence])) {
        let place = geometry.outputOffset(step: step, sequence: sequence, direction: direction)
        (output + place).update(repeating: 0, count: geometry.hidden)
      }
    }
  }

  private func load(
    _ states: UnsafePointer<Float>?, into rows: UnsafeMutablePointer<Float>,
    _ geometry: RecurrentGeometry, _ direction: Int
  ) {
    let hidden = geometry.hidden
    guard let states else {
      return rows.update(repeating: 0, count: geometry.batch * hidden)
    }
    for sequence in 0..<geometry.batch {
      let place = geometry.stateOffset(sequence: sequence, direction: direction)
      (rows + sequence * hidden).update(from: states + place, count: hidden)
    }
  }

  private func store(
    _ rows: UnsafePointer<Float>, into states: UnsafeMutablePointer<Float>?,
    _ geometry: RecurrentGeometry, _ direction: Int
  ) {
    guard let states else { return }
    for sequence in 0..<geometry.batch {
      let place = geometry.stateOffset(sequence: sequence, direction: direction)
      (states + place).update(from: rows + sequence * geometry.hidden, count: geometry.hidden)
    }
  }
}
