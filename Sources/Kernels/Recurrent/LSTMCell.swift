internal import CKernels

/// LSTM, gates in the order i, o, f, c:
/// `cell = f(F) * cell + f(I) * g(C)`, `hidden = f(O) * h(cell)`.
package final class LSTMCell: Sendable {
  private let hidden: Int
  private let f: GateFunction
  private let g: GateFunction
  private let h: GateFunction
  /// Weights of the cell state in the gates i, o, f.
  private let peepholes: PackedFloats?
  /// Whether the forget gate is `1 - i`.
  private let couplesForget: Bool
  private let arithmetic: RowArithmetic
  private let isPlain: Bool

  /// - Parameter peepholes: `[3, hidden]`, of the gates i, o, f.
  package init(
    hidden: Int, f: GateFunction = .sigmoid, g: GateFunction = .tanh, h: GateFunction = .tanh,
    peepholes: [Float]? = nil, couplesForget: Bool = false, clip: Float? = nil,
    isa: InstructionSet = .best
  ) {
    precondition(
      peepholes.map { $0.count == 3 * hidden } ?? true, "peepholes for 3 gates of \(hidden)")
    self.hidden = hidden
    self.f = f
    self.g = g
    self.h = h
    self.peepholes = peepholes.map { values in
      let packed = PackedFloats(count: values.count)
      for (index, value) in values.enumerated() { packed.base[index] = value }
      return packed
    }
    self.couplesForget = couplesForget
    arithmetic = RowArithmetic(isa: isa, clip: clip)
    isPlain =
      f == .sigmoid && g == .tanh && h == .tanh && peepholes == nil && !couplesForget && clip == nil
  }

  func update(_ step: RecurrentStep) {
    guard isPlain else {
      return step.forEachRow { rows, _ in update(rows, scratch: step.space.row) }
    }
    let table = kern_recurrent_table_for(arithmetic.isa.kernelIsa).pointee
    let kernel = step.isOfCodes ? table.quick_lstm : table.lstm
    let count = hidden
    step.forEachRow { rows, _ in
      kernel(rows.input, rows.recurrent, count, rows.cell, rows.hidden)
    }
  }

  private func update(_ rows: RecurrentStep.Rows, scratch: UnsafeMutablePointer<Float>) {
    arithmetic.add(rows.input, to: rows.recurrent, count: 4 * hidden)
    let input = rows.recurrent
    let output = input + hidden
    let forget = output + hidden
    let candidate = forget + hidden
    peep(0, at: rows.cell, into: input, scratch)
    arithmetic.activate(input, f, count: hidden)
    if couplesForget {
      arithmetic.complement(input, into: forget, count: hidden)
    } else {
      peep(2, at: rows.cell, into: forget, scratch)
      arithmetic.activate(forget, f, count: hidden)
    }
    arithmetic.activate(candidate, g, count: hidden)
    arithmetic.multiply(candidate, by: input, count: hidden)
    arithmetic.multiply(rows.cell, by: forget, count: hidden)
    arithmetic.add(candidate, to: rows.cell, count: hidden)
    peep(1, at: rows.cell, into: output, scratch)
    arithmetic.activate(output, f, count: hidden)
    rows.hidden.update(from: rows.cell, count: hidden)
    // As ONNX Runtime has it, the cell state is not clipped before its activation.
    arithmetic.apply(h, rows.hidden, count: hidden)
    arithmetic.multiply(rows.hidden, by: output, count: hidden)
  }

  /// Adds `peepholes[gate] * cell`.
  private func peep(
    _ gate: Int, at cell: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    guard let peepholes else { return }
    arithmetic.multiply(cell, peepholes.base + gate * hidden, into: scratch, count: hidden)
    arithmetic.add(scratch, to: sums, count: hidden)
  }
}
