import Quantization
import Tensors

/// Follows one output of the model through float, simulated and int8 runs.
struct OutputComparison {
  private var simulated = Quantization.ErrorSums()
  private var executed = Quantization.ErrorSums()
  private var against = Quantization.ErrorSums()
  private var samples = 0
  private var agreements = (simulated: 0, executed: 0, against: 0)
  private var labelled = 0
  private var hits = (float: 0, simulated: 0, executed: 0)
  private var ranksClasses = true

  /// Adds one batch.
  mutating func add(float: Tensor, simulated: Tensor, executed: Tensor, labels: [Int64]?) {
    guard float.elementType == .float32, float.shape == simulated.shape,
      float.shape == executed.shape
    else { return }
    float.withUnsafeElements(of: Float.self) { real in
      simulated.withUnsafeElements(of: Float.self) { rounded in
        executed.withUnsafeElements(of: Float.self) { int8 in
          self.simulated.add(reference: real, test: rounded)
          self.executed.add(reference: real, test: int8)
          against.add(reference: rounded, test: int8)
        }
      }
    }
    addClasses(float: float, simulated: simulated, executed: executed, labels: labels)
  }

  private mutating func addClasses(
    float: Tensor, simulated: Tensor, executed: Tensor, labels: [Int64]?
  ) {
    guard let real = float.topClasses, let rounded = simulated.topClasses,
      let int8 = executed.topClasses
    else {
      ranksClasses = false
      return
    }
    for index in real.indices {
      samples += 1
      agreements.simulated += real[index] == rounded[index] ? 1 : 0
      agreements.executed += real[index] == int8[index] ? 1 : 0
      agreements.against += rounded[index] == int8[index] ? 1 : 0
      guard let labels, index < labels.count else { continue }
      labelled += 1
      hits.float += Int64(real[index]) == labels[index] ? 1 : 0
      hits.simulated += Int64(rounded[index]) == labels[index] ? 1 : 0
      hits.executed += Int64(int8[index]) == labels[index] ? 1 : 0
    }
  }

  func result(for output: String) -> OutputError {
    OutputError(
      output: output, simulated: ErrorSummary(simulated), executed: ErrorSummary(executed),
      executedAgainstSimulated: ErrorSummary(against), classes: classes)
  }

  private var classes: ClassAgreement? {
    guard ranksClasses, samples > 0 else { return nil }
    let count = Double(samples)
    let accuracy =
      labelled > 0
      ? Accuracy(
        float: Double(hits.float) / Double(labelled),
        simulated: Double(hits.simulated) / Double(labelled),
        executed: Double(hits.executed) / Double(labelled))
      : nil
    return ClassAgreement(
      simulated: Double(agreements.simulated) / count,
      executed: Double(agreements.executed) / count,
      executedAgainstSimulated: Double(agreements.against) / count, accuracy: accuracy)
  }
}

extension Tensor {
  /// The index of the largest value of each row of a matrix; `nil` when this is no table of classes.
  package var topClasses: [Int]? {
    guard elementType == .float32, shape.rank == 2, shape[1] > 1 else { return nil }
    let columns = shape[1]
    return withUnsafeElements(of: Float.self) { values in
      (0..<shape[0]).map { row in
        var best = row * columns
        for index in row * columns..<(row + 1) * columns where values[index] > values[best] {
          best = index
        }
        return best - row * columns
      }
    }
  }
}
