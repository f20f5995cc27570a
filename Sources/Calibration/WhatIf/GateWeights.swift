package import Conversion
import Foundation
import Quantization
import Tensors

/// The weights of one gate of an LSTM or GRU, all directions together.
package struct GateWeights: Sendable, Equatable {
  /// Of what the input or the hidden state is multiplied with.
  package struct Part: Sendable, Equatable {
    package let range: ClosedRange<Float>
    /// Least and largest scale of the gate's channels; `nil` where the weights stay in float.
    package let scales: ClosedRange<Float>?
    /// Signal to quantization noise; `nil` where the weights stay in float.
    package let decibels: Double?
  }

  /// As ONNX orders them: `i`, `o`, `f`, `c` of an LSTM, `z`, `r`, `h` of a GRU.
  package let gate: String
  package let input: Part
  package let recurrence: Part

  package static func names(of operatorType: String) -> [String] {
    switch operatorType {
    case "LSTM": ["i", "o", "f", "c"]
    case "GRU": ["z", "r", "h"]
    default: []
    }
  }
}

extension WhatIf {
  /// The weights of a recurrent layer gate by gate, in ONNX order; empty for other layers.
  package func gates(
    of layer: Layer, _ choice: Resolution.LayerChoice
  ) throws(CalibrationError) -> [GateWeights] {
    let names = GateWeights.names(of: layer.operatorType)
    guard let weight = layer.weight, let recurrence = layer.recurrentWeight, !names.isEmpty else {
      return []
    }
    let inputs = try parts(of: weight, layer, choice, gates: names.count)
    let states = try parts(of: recurrence, layer, choice, gates: names.count)
    return zip(names, zip(inputs, states)).map { name, parts in
      GateWeights(gate: name, input: parts.0, recurrence: parts.1)
    }
  }

  /// - Parameter gates: how many blocks of rows the weight `[directions, gates * hidden, inputs]` has.
  private func parts(
    of reference: WeightReference, _ layer: Layer, _ choice: Resolution.LayerChoice, gates: Int
  ) throws(CalibrationError) -> [GateWeights.Part] {
    guard let tensor = layers.weightTensor(reference, of: layer) else { return [] }
    var sums = [GateSums](repeating: GateSums(), count: gates)
    do {
      let statistics = try WeightStatistics(tensor, axis: reference.channelAxis)
      let quantized =
        choice.precision == .float32
        ? nil : try statistics.quantized(with: choice.weightScheme(of: reference))
      let rows = reference.shape[1]
      let rowsPerGate = max(rows / gates, 1)
      let columns = max(reference.shape[2], 1)
      tensor.withUnsafeElements(of: Float.self) { values in
        for (index, value) in values.enumerated() {
          let row = index / columns % rows
          let gate = min(row / rowsPerGate, gates - 1)
          guard let quantized else {
            sums[gate].add(value)
            continue
          }
          let maps = quantized.parameters.channels
          let map = quantized.parameters.isPerChannel ? maps[row] : maps[0]
          sums[gate].add(value, rounded: map.dequantize(quantized.codes[index]), scale: map.scale)
        }
      }
    } catch {
      throw .parameters(subject: layer.id, reason: "\(error)")
    }
    return sums.map(\.part)
  }
}

/// Sums over the weights of one gate.
private struct GateSums {
  private var range: ClosedRange<Float>?
  private var scales: ClosedRange<Float>?
  private var signal = 0.0
  private var noise = 0.0

  mutating func add(_ value: Float) {
    range = range.map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
  }

  mutating func add(_ value: Float, rounded: Float, scale: Float) {
    add(value)
    scales = scales.map { min($0.lowerBound, scale)...max($0.upperBound, scale) } ?? scale...scale
    signal += Double(value) * Double(value)
    noise += (Double(value) - Double(rounded)) * (Double(value) - Double(rounded))
  }

  var part: GateWeights.Part {
    GateWeights.Part(
      range: range ?? 0...0, scales: scales,
      decibels: scales == nil ? nil : noise > 0 ? 10 * log10(signal / noise) : .infinity)
  }
}
