/// The extents of a recurrent layer's operands, and where their rows lie.
package struct RecurrentGeometry: Hashable, Sendable {
  package var steps: Int
  /// Sequences that run side by side.
  package var batch: Int
  package var inputs: Int
  package var hidden: Int
  /// 1, or 2 for a layer that goes both ways.
  package var directions: Int
  /// Whether operands lie as `[batch, steps, …]` and states as `[batch, directions, hidden]`, and
  /// not as `[steps, batch, …]` and `[directions, batch, hidden]`.
  package var isBatchFirst: Bool

  package init(
    steps: Int, batch: Int, inputs: Int, hidden: Int, directions: Int, isBatchFirst: Bool
  ) {
    self.steps = steps
    self.batch = batch
    self.inputs = inputs
    self.hidden = hidden
    self.directions = directions
    self.isBatchFirst = isBatchFirst
  }

  /// Rows of the input: one for each step of each sequence.
  package var rows: Int { steps * batch }

  func row(step: Int, sequence: Int) -> Int {
    isBatchFirst ? sequence * steps + step : step * batch + sequence
  }

  /// Of a row of `hidden` outputs in `[steps, directions, batch, hidden]`, or
  /// `[batch, steps, directions, hidden]`.
  func outputOffset(step: Int, sequence: Int, direction: Int) -> Int {
    let row =
      isBatchFirst
      ? (sequence * steps + step) * directions + direction
      : (step * directions + direction) * batch + sequence
    return row * hidden
  }

  /// Of a row of `hidden` values of a first or last state.
  func stateOffset(sequence: Int, direction: Int) -> Int {
    (isBatchFirst ? sequence * directions + direction : direction * batch + sequence) * hidden
  }
}
