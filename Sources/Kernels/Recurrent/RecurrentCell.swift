/// What a recurrent layer does with the sums of each sequence at one step.
package enum RecurrentCell: Sendable {
  case simple(SimpleCell)
  case lstm(LSTMCell)
  case gru(GRUCell)

  /// Sums for each hidden unit.
  package var gates: Int {
    switch self {
    case .simple: 1
    case .lstm: 4
    case .gru: 3
    }
  }
}

/// RNN: `hidden = f(input + recurrent)`.
package final class SimpleCell: Sendable {
  private let hidden: Int
  private let function: GateFunction
  private let arithmetic: RowArithmetic

  package init(
    hidden: Int, function: GateFunction = .tanh, clip: Float? = nil, isa: InstructionSet = .best
  ) {
    self.hidden = hidden
    self.function = function
    arithmetic = RowArithmetic(isa: isa, clip: clip)
  }

  func update(_ step: RecurrentStep) {
    step.forEachRow { rows, _ in
      rows.hidden.update(from: rows.input, count: hidden)
      arithmetic.add(rows.recurrent, to: rows.hidden, count: hidden)
      arithmetic.activate(rows.hidden, function, count: hidden)
    }
  }
}
