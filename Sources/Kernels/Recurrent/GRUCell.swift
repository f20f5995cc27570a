internal import CKernels

/// GRU, gates in the order z, r, h: `hidden = (1 - f(Z)) * n + f(Z) * hidden`.
package final class GRUCell: Sendable {
  /// Whether the reset gate acts on the recurrent product, `n = g(X + r * (R hidden + bias))`, or
  /// on the state before it, `n = g(X + R (r * hidden))`.
  package let resetsProduct: Bool
  private let hidden: Int
  private let f: GateFunction
  private let g: GateFunction
  private let arithmetic: RowArithmetic
  private let isPlain: Bool

  package init(
    hidden: Int, f: GateFunction = .sigmoid, g: GateFunction = .tanh, resetsProduct: Bool,
    clip: Float? = nil, isa: InstructionSet = .best
  ) {
    self.hidden = hidden
    self.f = f
    self.g = g
    self.resetsProduct = resetsProduct
    arithmetic = RowArithmetic(isa: isa, clip: clip)
    isPlain = f == .sigmoid && g == .tanh && clip == nil && resetsProduct
  }

  /// The whole step, where the reset gate acts on the product.
  func update(_ step: RecurrentStep) {
    guard isPlain else {
      return step.forEachRow { rows, _ in
        activateGates(rows)
        let candidate = rows.recurrent + 2 * hidden
        arithmetic.multiply(candidate, by: rows.recurrent + hidden, count: hidden)
        finish(rows, candidate: candidate, scratch: step.space.row)
      }
    }
    let table = kern_recurrent_table_for(arithmetic.isa.kernelIsa).pointee
    let kernel = step.isOfCodes ? table.quick_gru : table.gru
    let count = hidden
    step.forEachRow { rows, _ in kernel(rows.input, rows.recurrent, count, rows.hidden) }
  }

  /// The gates z and r, and the states that the second product takes.
  func reset(_ step: RecurrentStep) {
    step.forEachRow { rows, sequence in
      activateGates(rows)
      arithmetic.multiply(
        rows.hidden, rows.recurrent + hidden, into: step.space.reset + sequence * hidden,
        count: hidden)
    }
  }

  /// The rest of the step, after the second product.
  func finish(_ step: RecurrentStep) {
    step.forEachRow { rows, sequence in
      finish(
        rows, candidate: step.space.candidate + sequence * hidden, scratch: step.space.row)
    }
  }

  /// - `candidate`: the recurrent part of the candidate's sum; overwritten.
  private func finish(
    _ rows: RecurrentStep.Rows, candidate: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    arithmetic.add(rows.input + 2 * hidden, to: candidate, count: hidden)
    arithmetic.activate(candidate, g, count: hidden)
    arithmetic.multiply(rows.hidden, by: rows.recurrent, count: hidden)
    arithmetic.complement(rows.recurrent, into: scratch, count: hidden)
    arithmetic.multiply(candidate, by: scratch, count: hidden)
    arithmetic.add(candidate, to: rows.hidden, count: hidden)
  }

  private func activateGates(_ rows: RecurrentStep.Rows) {
    arithmetic.add(rows.input, to: rows.recurrent, count: 2 * hidden)
    arithmetic.activate(rows.recurrent, f, count: 2 * hidden)
  }
}
