internal import Foundation

/// What training makes small.
package enum Objective: Hashable, Sendable {
  /// `-log softmax(logits)[label]`, averaged over samples.
  case crossEntropy
  /// The mean squared distance from one where the label is and zero elsewhere.
  case squaredError
  /// Towards the model's own float outputs: the Kullback–Leibler divergence of two softmaxes over
  /// `temperature`, times its square.
  /// - Source: Hinton et al. 2015, arXiv:1503.02531.
  case divergence(temperature: Float)
  /// Towards the model's own float outputs: the power of the difference over that of the float
  /// output, which is the inverse of the signal to noise ratio.
  case noiseToSignal

  package var needsLabels: Bool {
    switch self {
    case .crossEntropy, .squaredError: true
    case .divergence, .noiseToSignal: false
    }
  }
}

/// Losses over rows `[rows, columns]`; each leaves its gradient and returns its value.
package enum Loss {
  package static func crossEntropy(
    _ logits: UnsafeBufferPointer<Float>, labels: [Int64],
    into gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let rows = labels.count
    let columns = logits.count / max(rows, 1)
    var sum = 0.0
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let label = row * columns + Int(labels[row])
      let (largest, total) = normalizer(logits, range, temperature: 1)
      sum -= Double(logits[label]) - largest - log(total)
      for index in range {
        let share = exp(Double(logits[index]) - largest) / total
        gradient[index] = Float((share - (index == label ? 1 : 0)) / Double(rows))
      }
    }
    return sum / Double(max(rows, 1))
  }

  static func squaredError(
    _ values: UnsafeBufferPointer<Float>, target: (Int) -> Float,
    into gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    var sum = 0.0
    let factor = 2 / Float(max(values.count, 1))
    for index in values.indices {
      let difference = values[index] - target(index)
      sum += Double(difference * difference)
      gradient[index] = factor * difference
    }
    return sum / Double(max(values.count, 1))
  }

  static func divergence(
    _ logits: UnsafeBufferPointer<Float>, from teacher: UnsafeBufferPointer<Float>, rows: Int,
    temperature: Float, into gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let columns = logits.count / max(rows, 1)
    let heat = Double(temperature)
    var sum = 0.0
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let own = normalizer(logits, range, temperature: heat)
      let given = normalizer(teacher, range, temperature: heat)
      for index in range {
        let wanted = (Double(teacher[index]) - given.largest) / heat - log(given.total)
        let found = (Double(logits[index]) - own.largest) / heat - log(own.total)
        sum += exp(wanted) * (wanted - found)
        gradient[index] = Float(heat * (exp(found) - exp(wanted)) / Double(rows))
      }
    }
    return heat * heat * sum / Double(max(rows, 1))
  }

  static func noiseToSignal(
    _ values: UnsafeBufferPointer<Float>, from teacher: UnsafeBufferPointer<Float>,
    weight: Double, into gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    var noise = 0.0
    var signal = 0.0
    for index in values.indices {
      let difference = Double(values[index]) - Double(teacher[index])
      noise += difference * difference
      signal += Double(teacher[index]) * Double(teacher[index])
    }
    let scale = max(signal, .leastNormalMagnitude)
    let factor = Float(2 * weight / scale)
    for index in values.indices { gradient[index] = factor * (values[index] - teacher[index]) }
    return noise / scale
  }

  private static func normalizer(
    _ values: UnsafeBufferPointer<Float>, _ range: Range<Int>, temperature: Double
  ) -> (largest: Double, total: Double) {
    var largest = -Double.infinity
    for index in range { largest = max(largest, Double(values[index])) }
    var total = 0.0
    for index in range { total += exp((Double(values[index]) - largest) / temperature) }
    return (largest, total)
  }
}
