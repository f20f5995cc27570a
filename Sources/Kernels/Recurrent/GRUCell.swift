internal import CKernels

/// GRU, gates in the order z, r, h: `hidden = (1 - f(Z)) * n + f(Z) * hidden`.
package struct GRUCell: Sendable {
  /// Whether the reset gate acts on the recurrent product, `n = g(X + r * (R hidden + bias))`, or on
  /// the state before it, `n = g(X + R (r * hidden))`.
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
  func update(_ rows: CellRows) {
    if isPlain {
      let kernel = kern_recurrent_table_for(arithmetic.isa.kernelIsa).pointee.gru
      return kernel(rows.input, rows.recurrent, hidden, rows.hidden)
    }
    activateGates(rows)
    let candidate = rows.recurrent + 2 * hidden
    arithmetic.multiply(candidate, by: rows.recurrent + hidden, count: hidden)
    finish(rows, candidate: candidate)
  }

  /// The gates z and r, and the state that the second product takes in `reset`.
  func reset(_ rows: CellRows, into reset: UnsafeMutablePointer<Float>) {
    activateGates(rows)
    arithmetic.multiply(rows.hidden, rows.recurrent + hidden, into: reset, count: hidden)
  }

  /// - `candidate`: the recurrent part of the candidate's sum; overwritten.
  func finish(_ rows: CellRows, candidate: UnsafeMutablePointer<Float>) {
    arithmetic.add(rows.input + 2 * hidden, to: candidate, count: hidden)
    arithmetic.activate(candidate, g, count: hidden)
    arithmetic.multiply(rows.hidden, by: rows.recurrent, count: hidden)
    arithmetic.complement(rows.recurrent, into: rows.scratch, count: hidden)
    arithmetic.multiply(candidate, by: rows.scratch, count: hidden)
    arithmetic.add(candidate, to: rows.hidden, count: hidden)
  }

  private func activateGates(_ rows: CellRows) {
    arithmetic.add(rows.input, to: rows.recurrent, count: 2 * hidden)
    arithmetic.activate(rows.recurrent, f, count: 2 * hidden)
  }
}
