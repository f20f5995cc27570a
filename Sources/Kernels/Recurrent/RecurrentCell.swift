/// What a recurrent layer does with the sums of one sequence at one step.
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

/// The rows of one sequence at one step.
struct CellRows {
  /// Sums over the input, biases included: `[gates, hidden]`.
  var input: UnsafePointer<Float>
  /// Sums over the last state; overwritten.
  var recurrent: UnsafeMutablePointer<Float>
  var hidden: UnsafeMutablePointer<Float>
  /// The cell state of an LSTM.
  var cell: UnsafeMutablePointer<Float>
  /// As long as a state.
  var scratch: UnsafeMutablePointer<Float>
}

/// RNN: `hidden = f(input + recurrent)`.
package struct SimpleCell: Sendable {
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

  func update(_ rows: CellRows) {
    rows.hidden.update(from: rows.input, count: hidden)
    arithmetic.add(rows.recurrent, to: rows.hidden, count: hidden)
    arithmetic.activate(rows.hidden, function, count: hidden)
  }
}
