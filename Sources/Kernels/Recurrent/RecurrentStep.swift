/// One step of all sequences in one direction.
struct RecurrentStep {
  let geometry: RecurrentGeometry
  let space: RecurrentWorkspace
  /// Counts from the beginning of each sequence, or from its end.
  let number: Int
  let isReversed: Bool
  /// Steps of each sequence.
  let lengths: UnsafePointer<Int32>?
  /// Sums for each hidden unit, over the input and over the state.
  let gates: Int
  let recurrentColumns: Int
  /// Whether the sums come from codes, whose errors hide those of quick gates.
  let isOfCodes: Bool

  /// The rows of one sequence at one step.
  struct Rows {
    /// Sums over the input, biases included: `[gates, hidden]`.
    var input: UnsafePointer<Float>
    /// Sums over the last state; overwritten.
    var recurrent: UnsafeMutablePointer<Float>
    var hidden: UnsafeMutablePointer<Float>
    /// The cell state of an LSTM.
    var cell: UnsafeMutablePointer<Float>
  }

  /// Where in time the step of a sequence is; `nil` behind its end.
  @inline(__always)
  func time(of sequence: Int) -> Int? {
    let length = lengths.map { Int($0[sequence]) } ?? geometry.steps
    guard number < length else { return nil }
    return isReversed ? length - 1 - number : number
  }

  /// Calls `body` for each sequence that has such a step.
  @inline(__always)
  func forEachRow(_ body: (_ rows: Rows, _ sequence: Int) -> Void) {
    let hidden = geometry.hidden
    for sequence in 0..<geometry.batch {
      guard let time = time(of: sequence) else { continue }
      let row = geometry.row(step: time, sequence: sequence)
      body(
        Rows(
          input: space.sums + row * gates * hidden,
          recurrent: space.recurrent + sequence * recurrentColumns,
          hidden: space.hidden + sequence * hidden, cell: space.cell + sequence * hidden),
        sequence)
    }
  }
}
