internal import Foundation
internal import Tensors

/// Adds up how an output compares with the labels and with the float model's.
struct ValidationTally {
  private var samples = 0
  private var correct = 0
  private var agreeing = 0
  private var hasLabels = true
  private var signal = 0.0
  private var noise = 0.0

  mutating func add(
    _ output: UnsafeBufferPointer<Float>, teacher: [Float], labels: [Int64]?, rows: Int
  ) {
    let columns = output.count / max(rows, 1)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let best = Self.largest(range) { output[$0] }
      let wanted = Self.largest(range) { teacher[$0] }
      agreeing += best == wanted ? 1 : 0
      if let labels { correct += best == Int(labels[row]) ? 1 : 0 } else { hasLabels = false }
    }
    for index in output.indices {
      let difference = Double(output[index]) - Double(teacher[index])
      noise += difference * difference
      signal += Double(teacher[index]) * Double(teacher[index])
    }
    samples += rows
  }

  private static func largest(_ range: Range<Int>, _ value: (Int) -> Float) -> Int {
    var best = range.lowerBound
    for index in range where value(index) > value(best) { best = index }
    return best - range.lowerBound
  }

  var result: Validation {
    let count = Double(max(samples, 1))
    return Validation(
      accuracy: hasLabels && samples > 0 ? Double(correct) / count : nil,
      agreement: Double(agreeing) / count,
      decibels: noise > 0 ? 10 * log10(signal / noise) : .infinity)
  }
}
