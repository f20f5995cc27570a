import Execution
import Foundation
import Graphs
import ONNX
import OrderedCollections
import Tensors
import Testing

/// A small model with inputs and the outputs that ONNX Runtime gave for them.
struct RecordedCase: CustomTestStringConvertible, Sendable {
  let name: String
  let model: Model
  let feeds: [String: Tensor]
  let expected: [String: Tensor]

  var testDescription: String { name }

  static let operators = load("operators")
  static let quantized = load("quantized")
  /// Operators that take and give codes.
  static let codes = load("codes")
  static let dynamic = load("dynamic")
  /// Convolutions, pools, normalizations and resamplings in rare forms.
  static let spatial = load("spatial")

  /// The cases of `Data/<file>.cases`, which `make_cases.py` wrote.
  private static func load(_ file: String) -> [RecordedCase] {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Data/\(file).cases")
    guard let data = try? Data(contentsOf: path) else { return [] }
    var bytes = [UInt8](data)[...]
    var cases: [RecordedCase] = []
    while bytes.count >= 4 {
      let count = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      let encoded = Array(bytes.dropFirst(4).prefix(count))
      bytes = bytes.dropFirst(4 + count)
      guard let model = try? ModelImporter.decode(encoded, name: file, folder: nil).model else {
        return []
      }
      cases.append(RecordedCase(model))
    }
    return cases
  }

  private init(_ recorded: Model) {
    var model = recorded
    var feeds: [String: Tensor] = [:]
    var expected: [String: Tensor] = [:]
    for (name, initializer) in recorded.graph.initializers {
      if name.hasPrefix("feed:") { feeds[String(name.dropFirst(5))] = initializer.tensor }
      if name.hasPrefix("expect:") { expected[String(name.dropFirst(7))] = initializer.tensor }
    }
    for name in feeds.keys { model.graph.initializers["feed:" + name] = nil }
    for name in expected.keys { model.graph.initializers["expect:" + name] = nil }
    name = model.graph.name
    self.model = model
    self.feeds = feeds
    self.expected = expected
  }

  func run(_ options: ExecutionOptions) throws -> [String: Tensor] {
    try Executor(model: model, options: options).run(feeds)
  }
}

extension Tensor {
  /// The largest difference of two float tensors, or infinity when they do not compare.
  func distance(to other: Tensor) -> Float {
    guard elementType == .float32, other.elementType == .float32, shape == other.shape else {
      return .infinity
    }
    return zip(floats, other.floats).reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN && !(pair.0.isNaN && pair.1.isNaN)
        ? .infinity : max(largest, difference)
    }
  }

  /// The difference between the greatest and the least element.
  var extent: Float {
    let values = floats
    guard let low = values.min(), let high = values.max() else { return 0 }
    return high - low
  }
}
